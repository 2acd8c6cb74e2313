import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { check } from './check.ts';
import { explain } from './explain.ts';
import type { Io } from './io.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'breakwater-check-'));
after(() => rmSync(FOLDER, { recursive: true }));

const APP =
  'apps:\n  - name: Echo\n    path: /echo\n    upstreams: [http://127.0.0.1:1, http://127.0.0.1:2]\n    limit: 3s\n';

const write = (name: string, text: string): string => {
  const file = join(FOLDER, name);
  writeFileSync(file, text);
  return file;
};

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const outcome = async (command: typeof check, args: string[], options: Partial<Io> = {}): Promise<Outcome> => {
  let out = '';
  let err = '';
  const io: Io = {
    stdout: { write: text => (out += text) },
    stderr: { write: text => (err += text) },
    env: {},
    cwd: FOLDER,
    ...options,
  };
  return { code: await command(args, io), out, err };
};

test('check prints a valid configuration with its defaults, and doubts on standard error', async () => {
  const file = write('good.yaml', `${APP}    hooks: { connect: { fallback: [cached, echo] } }\n`);
  const { code, out, err } = await outcome(check, ['--config', file]);
  assert.equal(code, 0);
  assert.match(out, /^ {4}limit: 3s\n {4}attemptLimit: 3s\n {4}connectLimit: 500ms$/m);
  assert.match(err, /^warning: .*good\.yaml:6:44 apps\[0\]\.hooks\.connect\.fallback\[1\]: echo admits every connect/);
});

test('check says in the end how many warnings there were, if there were any', async () => {
  const withWarnings = async (name: string, text: string) => {
    const { err } = await outcome(check, ['--config', write(name, text)]);
    const lines = err.trimEnd().split('\n');
    return [lines.filter(line => line.startsWith('warning: ')).length, lines.at(-1)];
  };
  assert.deepEqual(await withWarnings('one.yaml', `${APP}    idempotent: [playRTPS]\n`), [1, '1 warning']);
  assert.deepEqual(
    await withWarnings(
      'two.yaml',
      `${APP}    hooks: { connect: { fallback: [cached, echo] } }\n    idempotent: [playRTPS]\n`,
    ),
    [2, '2 warnings'],
  );
  assert.deepEqual(await withWarnings('none.yaml', `${APP}    fallback: auto\n`), [0, '']);
});

test('check prints no secret that came from the environment', async () => {
  const body = `{ body: { sipPassword: "\${PW}" } }`;
  const routes = `routes: { "/echo/*": { fallback: [${body}] } }`;
  const others = `passthrough: { upstreams: ["http://127.0.0.1:1"], ${routes} }\n`;
  const file = write('secret.yaml', `${APP}    fallback: [${body}]\n    passthrough: { ${routes} }\n${others}`);
  const { code, out, err } = await outcome(check, ['-c', file], { env: { PW: 'hunter2' } });
  assert.equal(code, 0);
  assert.equal(out.match(/sipPassword: "\*\*\*"/g)?.length, 3);
  assert.doesNotMatch(out + err, /hunter2/);
});

test('check tells every problem, one a line, prints nothing else and exits 2', async () => {
  const file = write('bad.yaml', `listne: 1\n${APP}    hedge: yes\n`);
  const { code, out, err } = await outcome(check, ['--config', file]);
  assert.deepEqual([code, out], [2, '']);
  assert.deepEqual(err.replaceAll(file, 'FILE').trimEnd().split('\n'), [
    'FILE:1:1 listne: unknown key; did you mean listen?',
    'FILE:7:12 apps[0].hedge: is "yes"; write false to switch it off, or keys below it, such as hedge: { after: p95 }',
  ]);
});

test('without --config, breakwater.yaml of the working directory is checked, else the packaged one', async () => {
  const empty = mkdtempSync(join(FOLDER, 'empty-'));
  assert.match((await outcome(check, [], { cwd: empty })).out, /name: EchoApp/);
  write('breakwater.yaml', APP);
  assert.match((await outcome(check, [])).out, /name: Echo\n/);
});

test('a breakwater.yml is not passed over for the packaged configuration', async () => {
  const folder = mkdtempSync(join(FOLDER, 'misnamed-'));
  writeFileSync(join(folder, 'breakwater.yml'), APP);
  const { code, out, err } = await outcome(check, [], { cwd: folder });
  assert.deepEqual([code, out], [2, '']);
  assert.match(err, /^breakwater check: there is a breakwater\.yml, .* call it breakwater\.yaml/);
});

test('a wrong command line is told in one line with the way to help, and exits 2', async () => {
  const cases: readonly [typeof check, string[], RegExp][] = [
    [check, ['--conf', 'x'], /^breakwater check: unknown option '--conf'; see breakwater check --help\n$/],
    [
      check,
      ['x.yaml'],
      /^breakwater check: takes no words beside its options \(a file is named by --config\), but got "x\.yaml"; see /,
    ],
    [check, ['--config'], /^breakwater check: option '-c, --config <value>' argument missing; see /],
    [explain, [], /^breakwater explain: takes APP and HOOK or \/PATH, but got nothing; see /],
    [explain, ['Echo'], /^breakwater explain: takes APP and HOOK or \/PATH, but got "Echo"; see /],
  ];
  for (const [command, args, expected] of cases) {
    const { code, out, err } = await outcome(command, args);
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, expected);
  }
});

test('--help of check and explain goes to standard output and exits 0', async () => {
  for (const command of [check, explain]) {
    const { code, out, err } = await outcome(command, ['--help']);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^Usage: breakwater (check|explain)/);
  }
});

test('explain names for each thing the line or the built-in rule that it comes from', async () => {
  const hooks = '    hooks: { connect: { fallback: [cached, unavailable], key: [appKey], hedge: { max: 2s } } }\n';
  const file = write('explain.yaml', `defaults: { idempotent: true }\n${APP}${hooks}`);
  const { code, out, err } = await outcome(explain, ['Echo', 'connect', '-c', file]);
  assert.deepEqual([code, err], [0, '']);
  const facts = out.replaceAll(file, 'FILE').trimEnd().split('\n\n').slice(1);
  const from = (name: string) => /from (.*)$/.exec(facts.find(fact => fact.startsWith(name)) ?? '')?.[1];
  assert.deepEqual(['limit', 'attempt', 'idempotent', 'hedge', 'breaker', 'key', 'fallback'].map(from), [
    'FILE:6 apps[0].limit',
    'built-in: attemptLimit is as long as limit',
    'FILE:1 defaults.idempotent',
    'FILE:7 apps[0].hooks.connect.hedge',
    'built-in: 10 calls, 50% failures, 50% slow, in 10s; open for 5s, up to 60s',
    'FILE:7 apps[0].hooks.connect.key',
    'FILE:7 apps[0].hooks.connect.fallback',
  ]);
});

test('explain tells what auto comes to for a notification, for an unknown name and for the keep-alive', async () => {
  const file = write('auto.yaml', APP);
  const ladderOf = async (hook: string) =>
    /^fallback +(.*)$/m.exec((await outcome(explain, ['Echo', hook, '-c', file])).out)?.[1];
  assert.equal(await ladderOf('connect'), 'auto: cached, then unavailable');
  assert.equal(await ladderOf('StreamStatusEvent'), 'auto: store, then unavailable');
  assert.equal(await ladderOf('StreamKeepAliveEvent'), 'auto: echo');
  assert.equal(await ladderOf('unheardOf'), 'auto: unavailable');
});

test('explain of an app that is not there lists those that are, and exits 2', async () => {
  const file = write('apps.yaml', APP);
  const { code, err } = await outcome(explain, ['echo', 'connect', '-c', file]);
  assert.equal(code, 2);
  assert.equal(err.replace(file, 'FILE'), 'breakwater explain: no app "echo" in FILE, only Echo; did you mean Echo?\n');
});

test('explain tells what a path gets that passes through, and why it has nothing to tell', async () => {
  const file = write('path.yaml', `${APP}    passthrough: { routes: { "/echo/*": { fallback: [unavailable] } } }\n`);
  const told = (...words: string[]) => outcome(explain, [...words, '-c', file]);
  assert.match((await told('Echo', '/echo/status?x=1')).out, /^fallback +unavailable$/m);
  assert.match((await told('Echo', '/echo?x=1')).out, /^upstreams +http:\/\/127\.0\.0\.1:1\/\?x=1, /m);
  const { code, err } = await told('Echo', '/other');
  assert.deepEqual([code, err], [2, 'breakwater explain: /other is not below /echo, which is the path of Echo\n']);
  assert.match((await told('passthrough', '/other')).err, /no app "passthrough" in .*, only Echo$/m);
  const others = write('others.yaml', `${APP}passthrough: { upstreams: ["http://127.0.0.1:1"], idle: 5m }\n`);
  for (const what of ['/other', 'anything'])
    assert.match((await outcome(explain, ['passthrough', what, '-c', others])).out, /^idle +5m$/m);
  assert.match((await outcome(explain, ['None', '/other', '-c', others])).err, /only Echo, passthrough$/m);
  assert.match(
    (await outcome(explain, ['passthrough', '/echo/x', '-c', others])).err,
    /: \/echo\/x is below \/echo, which is the path of Echo; write breakwater explain Echo \/echo\/x$/m,
  );
  assert.match(
    (await outcome(explain, ['Echo', '/other', '-c', others])).err,
    /is not below \/echo, which is the path of Echo; write breakwater explain passthrough \/other$/m,
  );
  const off = write('no-path.yaml', APP);
  assert.match(
    (await outcome(explain, ['Echo', '/echo/x', '-c', off])).err,
    /nothing passes through to Echo; write passthrough: true for it, or breakwater explain Echo x for the hook$/m,
  );
});
