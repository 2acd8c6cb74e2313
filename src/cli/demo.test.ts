import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../config/load.ts';
import { demo } from './demo.ts';
import { EXIT } from './io.ts';

const run = async (args: string[]) => {
  const [out, err]: [string[], string[]] = [[], []];
  const write = (to: string[]) => ({ write: (text: string) => to.push(text) });
  const code = await demo(args, { stdout: write(out), stderr: write(err), env: {}, cwd: '/' });
  return { code, out: out.join(''), err: err.join('') };
};

const number = (text: string | undefined): number => Number(text?.replaceAll(',', ''));
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** The hooks of one side, phase by phase, and how many of its answers came from where. */
const readSide = (out: string, side: string) => {
  const pattern = new RegExp(`^ {2}${side} +([\\d,]+) hooks.*\\n +answers: (.*)$`, 'gm');
  return [...out.matchAll(pattern)].map(([, hooks, answers = '']) => ({
    hooks: number(hooks),
    answers: new Map(answers.split(', ').map(part => [part.split(' ')[0] ?? '', number(part.split(' ')[1])])),
  }));
};

test('a short run keeps the promise and its figures add up', async () => {
  const { code, out, err } = await run(['--seconds', '5', '--rate', '40']);
  assert.equal(err, '');
  for (const side of ['without', 'with']) {
    const phases = readSide(out, side);
    assert.deepEqual(
      phases.map(({ hooks }) => hooks),
      [30, 40, 30, 30, 30, 40],
      side,
    );
    for (const { hooks, answers } of phases) assert.equal(sum([...answers.values()]), hooks, side);
  }
  const [, , , stalled, down] = readSide(out, 'without');
  assert.ok((stalled?.answers.get('nobody') ?? 0) > 0 && (down?.answers.get('nobody') ?? 0) > 0);
  const kept = out.includes('With Breakwater all 200 hooks were answered within');
  assert.equal(code, kept ? EXIT.fine : EXIT.failed, out);
  // Where other work keeps the processor from the demo, it says so, and then a late answer is nobody's fault.
  if (!out.includes('This machine could not keep the pace')) assert.equal(code, EXIT.fine, out);
  const lost = sum(readSide(out, 'without').map(({ answers }) => answers.get('nobody') ?? 0));
  assert.match(out.replaceAll('\n', ' '), new RegExp(`Without Breakwater ${lost} of 200 hooks`));
});

test('a bad option is told in one line', async () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['--seconds', '4'], /--seconds is "4"; write a whole number from 5 to 600;/],
    [['--seconds', '601'], /--seconds is "601"/],
    [['--rate', '0'], /--rate is "0"; write a whole number from 1 to 1000;/],
    [['--rate', '1e3'], /--rate is "1e3"/],
    [['--log', '/does/not/exist'], /--log \/does\/not\/exist cannot be written/],
    [['--loud'], /--loud/],
    [['now'], /now/],
    [['back-end', '--listen', '1'], /--listen is "1"; write host:port, such as 127\.0\.0\.1:8000 or \[::1\]:8000;/],
    [['back-end', '--listen', 'unix:/run/x.sock'], /--listen is "unix:\/run\/x\.sock"; write host:port, such as 127/],
    [['back-end', '--listen', '127.0.0.1:70000'], /--listen has a port above 65535/],
    [['back-end', '--seconds', '0'], /--seconds is "0"; write a whole number from 5 to 600;/],
    [['back-end', '--rate', '1'], /--rate/],
    [['wcs'], /wcs takes --gateway URL, where its hooks go, such as http:/],
    [['wcs', '--gateway', 'gateway:8090'], /--gateway is "gateway:8090"; write a URL such as http:/],
    [['wcs', '--gateway', 'unix:/run/gateway.sock'], /--gateway begins with unix; write the http or https URL/],
    [['wcs', '--gateway', 'unix:gateway'], /--gateway begins with unix; write the http or https URL/],
    [
      ['wcs', '--gateway', 'http://gateway', '--ca', 'ca.pem'],
      /--ca is for a gateway that speaks TLS; write its https/,
    ],
    [
      ['wcs', '--gateway', 'https://gateway', '--ca', '/none.pem'],
      /--ca \/none\.pem does not exist; write the path of/,
    ],
    [['wcs', '--gateway', 'http://gateway', '--rate', '0'], /--rate is "0"; write a whole number from 1 to 1000;/],
    [['wcs', '--gateway', 'http://gateway', 'now'], /now/],
  ];
  for (const [args, wanted] of cases) {
    const { code, out, err } = await run(args);
    assert.equal(code, EXIT.usage, args.join(' '));
    assert.equal(out, '');
    assert.match(err, wanted);
    assert.equal(err.split('\n').length, 2, err);
  }
});

test('help and the configuration are printed on request', async () => {
  assert.match((await run(['--help'])).out, /^Usage: breakwater demo/);
  for (const part of ['back-end', 'wcs']) assert.match((await run([part, '-h'])).out, new RegExp(`demo ${part} `));
  const { code, out } = await run(['--print-config']);
  assert.equal(code, EXIT.fine);
  const { config } = parseConfig(out, { file: 'printed', env: {} });
  assert.deepEqual(config.apps[0]?.settings('connect').fallback, ['cached', 'unavailable']);
});
