import { type Node, NodeFlags, SyntaxKind } from 'typescript/unstable/ast';
import { type Import, importsOf, lineOf, type Parsed, walk } from '../../scripts/source-tree.ts';

/** What each folder of `src` may import beside itself. The order is from the bottom to the top. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  options: ['core'],
  hooks: ['core', 'options'],
  resilience: ['core', 'options'],
  store: ['core', 'options'],
  static: ['core', 'options'],
  answers: ['core', 'options', 'hooks', 'store'],
  sessions: ['core', 'hooks', 'answers', 'store'],
  tls: ['core'],
  upstream: ['core', 'options', 'tls'],
  passthrough: ['core', 'options', 'static', 'upstream'],
  delivery: ['core', 'options', 'answers', 'sessions', 'store'],
  observability: ['core'],
  page: [],
  config: ['core', 'options', 'hooks', 'resilience', 'passthrough', 'static', 'store', 'tls'],
  gateway: [
    'core',
    'hooks',
    'resilience',
    'store',
    'static',
    'answers',
    'sessions',
    'delivery',
    'upstream',
    'passthrough',
    'observability',
    'config',
  ],
  server: [
    'core',
    'hooks',
    'store',
    'static',
    'answers',
    'sessions',
    'delivery',
    'upstream',
    'passthrough',
    'observability',
    'tls',
    'config',
    'gateway',
  ],
  cli: ['core', 'hooks', 'tls', 'delivery', 'config', 'gateway', 'server', 'observability'],
};

/** Folders that each bought package may be imported by; others wrap it or do without. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  opossum: ['resilience'],
  'lru-cache': ['store', 'sessions', 'static'],
  ioredis: ['store'],
  'dot-properties': ['config'],
  'prom-client': ['observability'],
  pino: ['observability'],
  '@opentelemetry/api': ['observability'],
  '@opentelemetry/exporter-trace-otlp-http': ['observability'],
  '@opentelemetry/resources': ['observability'],
  '@opentelemetry/sdk-trace-base': ['observability'],
  hono: ['server'],
  '@hono/node-server': ['server'],
  yaml: ['config'],
  'http-proxy-3': ['passthrough'],
  zod: ['options', 'hooks', 'resilience', 'passthrough', 'static', 'store', 'config'],
};

/** The folder under `src`, or undefined for anything else. */
const folderOf = (file: string): string | undefined => {
  const [src, folder] = file.split('/');
  return src === 'src' ? folder : undefined;
};

/** A policy is what makes a Layer; the pure structures beside it may be shared. */
const isPolicy = ({ file, source }: Parsed): boolean =>
  file.startsWith('src/resilience/') &&
  importsOf({ file, source }).some(({ to, names }) => to === 'src/core/layer.ts' && names.includes('Layer'));

/** From another folder, config needs the options schemas and the catalogue, nothing that runs. */
const isMoreThanOptions = (from: string, to: string, { names }: Import): boolean =>
  from === 'config' &&
  ['resilience', 'passthrough', 'static', 'store'].includes(to) &&
  names.some(name => !name.endsWith('Options'));

/** Only the types of the configuration are known below the command line; nothing there reads a file. */
const isMoreThanTypes = (from: string, { to }: Import): boolean =>
  ['gateway', 'server'].includes(from) && to.startsWith('src/config/') && to !== 'src/config/types.ts';

const faultOf = (from: string, to: string, found: Import): string | undefined => {
  const allowed = MAY_IMPORT[from] ?? [];
  if (!allowed.includes(to)) return `${from} may import ${allowed.join(', ') || 'nothing of ours'}`;
  if (isMoreThanOptions(from, to, found)) return `config may import only the options schemas of ${to}`;
  if (isMoreThanTypes(from, found)) return `${from} may import only src/config/types.ts of config`;
  return undefined;
};

const OURS = /^(?:src|test|scripts|bench|docs)\//;

const misdirectedIn = (parsed: Parsed, policies: ReadonlySet<string>): string[] => {
  const from = folderOf(parsed.file) ?? '';
  const fault = (found: Import): string | undefined => {
    const to = folderOf(found.to);
    if (to === undefined) return 'what ships may not import what does not';
    if (to !== from) return faultOf(from, to, found);
    const isTwoPolicies = policies.has(parsed.file) && policies.has(found.to);
    return isTwoPolicies ? 'a policy may not import another policy' : undefined;
  };
  return importsOf(parsed)
    .filter(({ to }) => OURS.test(to))
    .flatMap(found => {
      const why = fault(found);
      return why ? [`${parsed.file}:${found.line} imports ${found.to}: ${why}`] : [];
    });
};

/** Imports against the allowed directions, a line each. */
export const misdirected = (sources: readonly Parsed[]): string[] => {
  const policies = new Set(sources.filter(isPolicy).map(({ file }) => file));
  return sources.flatMap(parsed => misdirectedIn(parsed, policies));
};

/** Imports of packages that are no dependency or belong elsewhere, a line each. */
export const strangers = (parsed: Parsed, dependencies: readonly string[]): string[] =>
  importsOf(parsed).flatMap(({ to, line }) => {
    if (OURS.test(to) || to.startsWith('node:') || to === 'package.json') return [];
    const name = to.split('/', to.startsWith('@') ? 2 : 1).join('/');
    const where = PACKAGES[name];
    if (!dependencies.includes(name)) return [`${parsed.file}:${line} imports ${name}, which is no dependency`];
    if (where?.includes(folderOf(parsed.file) ?? '')) return [];
    return [`${parsed.file}:${line} imports ${name}, which belongs to ${where?.join(', ') ?? 'no folder yet'}`];
  });

/** Cycles of imports that are there at run time, each as the files it runs through. */
export const cyclesIn = (sources: readonly Parsed[]): string[] => {
  const graph = new Map(sources.map(parsed => [parsed.file, importsOf(parsed).filter(({ typeOnly }) => !typeOnly)]));
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' > '));
    if (path.includes(file) || done.has(file)) return;
    for (const { to } of graph.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return cycles;
};

/** Something that the sources do without, with the reason and what to use. */
export interface Ban {
  readonly sentence: string;
  /** Folders or files where it is in order. */
  readonly except: readonly string[];
  matches(node: Node, text: () => string): boolean;
}

const property =
  (name: string): Ban['matches'] =>
  (node, text) =>
    node.kind === SyntaxKind.PropertyAccessExpression && text() === name;

const properties =
  (names: RegExp): Ban['matches'] =>
  (node, text) =>
    node.kind === SyntaxKind.PropertyAccessExpression && names.test(text());

const construction =
  (name: RegExp): Ban['matches'] =>
  (node, text) =>
    node.kind === SyntaxKind.NewExpression && name.test(text());

const isModuleVariable = (node: Node): boolean =>
  node.kind === SyntaxKind.VariableDeclarationList &&
  (node.flags & NodeFlags.Const) === 0 &&
  node.parent.parent.kind === SyntaxKind.SourceFile;

export const BANS: readonly Ban[] = [
  {
    sentence:
      'measure time with now() of core/clock.ts; Date.now() jumps, and is for what a person or another host reads',
    except: [
      'src/core/id.ts',
      'src/answers/',
      'src/store/',
      'src/observability/',
      'src/page/',
      'src/delivery/',
      'src/tls/',
      'src/cli/events-output.ts',
    ],
    matches: property('Date.now'),
  },
  {
    sentence:
      'set timers with after() of core/clock.ts; AbortSignal.timeout and .any are dear and no fake timer drives them',
    except: [],
    matches: properties(/^AbortSignal\.(?:timeout|any)$/),
  },
  {
    sentence: 'cancel with core/cancel.ts; an AbortController costs ten times as much',
    except: [],
    matches: construction(/^new AbortController\b/),
  },
  {
    sentence: 'pass things on in the Call; AsyncLocalStorage taxes every promise',
    except: [],
    matches: (node, text) => node.kind === SyntaxKind.Identifier && text() === 'AsyncLocalStorage',
  },
  {
    sentence: 'emit an event, or write to the Io of a command; console blocks and goes past the log',
    except: [],
    matches: properties(/^console\./),
  },
  {
    sentence: 'take the environment from config/ or cli/, where it is checked',
    except: ['src/config/', 'src/cli/'],
    matches: property('process.env'),
  },
  {
    sentence: 'leave the process and its streams to cli/',
    except: ['src/cli/'],
    matches: properties(/^process\.(?:stdout|stderr|stdin|exit|exitCode)$/),
  },
  {
    sentence: 'throw a GatewayError with a code of core/errors.ts',
    // Configuration and commands have problems and exit codes, which files that cannot be used become; opossum wants some
    // error, which nobody sees; on the wire an end is told in Node's form, which classifyError turns into ours.
    except: [
      'src/core/errors.ts',
      'src/core/read-bounded.ts',
      'src/tls/',
      'src/config/',
      'src/cli/',
      'src/resilience/share-window.ts',
      'src/upstream/client.ts',
      'src/upstream/connection.ts',
    ],
    matches: construction(/^new (?:Type|Range)?Error\b/),
  },
  {
    sentence: 'keep state in closures and instances; a variable of a module is shared by all gateways of the process',
    except: [],
    matches: isModuleVariable,
  },
];

/** Breaches of one ban in one file, a line each. */
export const breachesOf = ({ except, matches, sentence }: Ban, { file, source }: Parsed): string[] => {
  if (except.some(place => file.startsWith(place))) return [];
  const breaches: string[] = [];
  walk(source, node => {
    if (matches(node, () => node.getText(source))) breaches.push(`${file}:${lineOf(source, node)} ${sentence}`);
  });
  return breaches;
};
