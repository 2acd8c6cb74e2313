import { parseArgs } from 'node:util';
import { address, normaliseUpstream, upstreamFault } from '../../config/address.ts';
import { pause } from '../../core/clock.ts';
import { formatHostPort, type HostPort, isSocketPath } from '../../core/host-port.ts';
import { readAuthorities } from '../../tls/listener.ts';
import { EXIT, type Io } from '../io.ts';
import { USAGE } from '../usage.ts';
import { BackEnd } from './back-end.ts';
import { listSources } from './lines.ts';
import { reading, readRate, readSeconds, UsageError } from './options.ts';
import { Pace } from './pace.ts';
import { SCENES } from './script.ts';
import type { Outcome } from './tally.ts';
import { hookAt, type Load, newNodeId } from './traffic.ts';
import { createAgent, post, type WcsSettings } from './wcs.ts';
import { formatAmount, formatSeconds } from './words.ts';

/** A part of the demo that runs by itself. It goes on until a signal ends the process, or gives an exit code. */
export type Part = (io: Io) => Promise<number>;

const HELP = { type: 'boolean', short: 'h', default: false } as const;
const BACK_END_OPTIONS = {
  listen: { type: 'string', default: '127.0.0.1:8000' },
  seconds: { type: 'string', default: '30' },
  help: HELP,
} as const;
const WCS_OPTIONS = {
  gateway: { type: 'string' },
  ca: { type: 'string' },
  rate: { type: 'string', default: '50' },
  help: HELP,
} as const;

/** `rest_request_timeout` of WCS as it comes. */
const WCS_TIMEOUT_MS = 15_000;
const TELL_MS = 10_000;
/** The traffic has no end; this says how many callers come again. */
const LOAD_SECONDS = 120;

const tellUsage: Part = async ({ stdout }) => {
  stdout.write(USAGE.demo);
  return EXIT.fine;
};

/** Nothing that a part has under way is worth finishing. */
const endAtSignal = (): void => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(EXIT.fine));
};

const startBackEnd = async (at: HostPort): Promise<BackEnd> => {
  const backEnd = new BackEnd('demo', at);
  try {
    await backEnd.start();
    return backEnd;
  } catch (error) {
    throw new Error(`${(error as Error).message}; name another address by --listen`, { cause: error });
  }
};

const playBackEnd =
  (at: HostPort, seconds: number): Part =>
  async ({ stdout }) => {
    endAtSignal();
    const backEnd = await startBackEnd(at);
    const name = `demo back-end at ${formatHostPort({ ...at, port: backEnd.port })}`;
    for (;;)
      for (const { behaviour, share, says } of SCENES) {
        const lengthMs = share * seconds * 1000;
        await backEnd.behave(behaviour);
        stdout.write(`${name} ${says}, for ${formatSeconds(lengthMs)}\n`);
        await pause(lengthMs);
      }
  };

/**
 * Counts answers by their source, and tells every ten seconds how many there were since. Why there is none is told at
 * once, and no more often than that.
 */
const createCount = (stdout: Io['stdout']): ((outcome: Outcome) => void) => {
  const problems = new Set<string>();
  let sources: Record<string, number> = {};
  let sent = 0;
  setInterval(() => {
    const who = sent > 0 ? `: ${listSources({ sources })}` : '';
    stdout.write(`demo wcs: ${formatAmount(sent, 'hook')} in ${formatSeconds(TELL_MS)}${who}\n`);
    sources = {};
    sent = 0;
    problems.clear();
  }, TELL_MS);
  return ({ source = 'nobody', problem }) => {
    sources[source] = (sources[source] ?? 0) + 1;
    sent++;
    if (problem === undefined || problems.has(problem)) return;
    problems.add(problem);
    stdout.write(`demo wcs gets no answer: ${problem}\n`);
  };
};

/** Where the gateway is, and whose certificates are believed there. */
interface Gateway {
  readonly url: string;
  readonly ca: Buffer | undefined;
}

const playWcs =
  ({ url, ca }: Gateway, rate: number): Part =>
  async ({ stdout, env }) => {
    endAtSignal();
    const load: Load = { seconds: LOAD_SECONDS, rate, nodeId: newNodeId() };
    const settings: WcsSettings = { timeoutMs: WCS_TIMEOUT_MS, secret: env.WCS_HOOK_SECRET || undefined };
    const agent = createAgent(url, ca);
    const count = createCount(stdout);
    const send = async (tick: number): Promise<void> => count(await post(url, hookAt(tick, load), agent, settings));
    stdout.write(`demo wcs calls ${url} ${formatAmount(rate, 'time')} a second\n`);
    const pace = new Pace(rate);
    for (;;) await pace.step(send);
  };

const HOST_PORT = 'host:port, such as 127.0.0.1:8000 or [::1]:8000';

/** As for `listen`, but the simulated back-end takes no socket of the file system. */
const readAddress = (text: string): HostPort => {
  const { data, error } = address(HOST_PORT).safeParse(text);
  if (data && !isSocketPath(data)) return data;
  throw new UsageError(`--listen ${error?.issues[0]?.message ?? `is ${JSON.stringify(text)}; write ${HOST_PORT}`}`);
};

const NO_GATEWAY = 'wcs takes --gateway URL, where its hooks go, such as http://127.0.0.1:8090/rest/members';

const readUrl = (text: string | undefined): string => {
  if (text === undefined) throw new UsageError(NO_GATEWAY);
  const isSocket = text.startsWith('unix:');
  const fault = isSocket ? 'begins with unix; write the http or https URL of the gateway' : upstreamFault(text);
  if (fault !== undefined) throw new UsageError(`--gateway ${fault}`);
  return normaliseUpstream(text);
};

const readCa = (file: string): Buffer => {
  try {
    return readAuthorities(file);
  } catch (error) {
    throw new UsageError(`--ca ${(error as Error).message}`, { cause: error });
  }
};

const readGateway = (text: string | undefined, ca: string | undefined): Gateway => {
  const url = readUrl(text);
  if (ca !== undefined && !url.startsWith('https:'))
    throw new UsageError('--ca is for a gateway that speaks TLS; write its https URL, or take it out');
  return { url, ca: ca === undefined ? undefined : readCa(ca) };
};

const readBackEnd = (args: string[]): Part => {
  const { listen, seconds, help } = reading(() => parseArgs({ args, options: BACK_END_OPTIONS })).values;
  return help ? tellUsage : playBackEnd(readAddress(listen), readSeconds(seconds));
};

const readWcs = (args: string[]): Part => {
  const { gateway, ca, rate, help } = reading(() => parseArgs({ args, options: WCS_OPTIONS })).values;
  return help ? tellUsage : playWcs(readGateway(gateway, ca), readRate(rate));
};

/** The part that the first word of a command line names; nothing if the whole demo is meant. Throws a UsageError. */
export const readPart = ([word, ...args]: string[]): Part | undefined => {
  if (word === 'back-end') return readBackEnd(args);
  return word === 'wcs' ? readWcs(args) : undefined;
};
