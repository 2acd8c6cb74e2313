/**
 * Asks hooks over kept connections, each as soon as it has its answer, in the clear or over TLS:
 * `secure-load.ts PORT CA|- BODY-FILE KEPT FRESH SECONDS`. FRESH more connections ask once and are opened anew.
 * Prints one line of JSON. It is as cheap as Node allows, so that the gateway and not the client is kept busy.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as secureConnect } from 'node:tls';

const [port = '', ca = '-', bodyFile = '', kept = '1', fresh = '0', seconds = '1'] = process.argv.slice(2);
const trust = ca === '-' ? undefined : readFileSync(ca);
const body = readFileSync(bodyFile, 'latin1');
const head = `POST /apps/EchoApp/connect HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
const END_OF_JSON = 0x7d;
const begun = performance.now();
const end = begun + Number(seconds) * 1000;
const times: number[] = [];
const errors = new Map<string, number>();
let sent = 0;
let ok = 0;

const open = (): Socket => {
  const to = { host: '127.0.0.1', port: Number(port) };
  return (trust ? secureConnect({ ...to, ca: trust }) : connect(to)).setNoDelay(true);
};

const ask = (socket: Socket): number => {
  sent++;
  const number = sent.toString(36);
  socket.write(
    head + body.replace('@@@@@@@@', number.padStart(8, '0')).replace('####', number.slice(-4).padStart(4, '0')),
    'latin1',
  );
  return performance.now();
};

const fail = (why: string) => void errors.set(why, (errors.get(why) ?? 0) + 1);

/** One connection after another, or the same one for all its calls. */
const work = (isKept: boolean): Promise<void> =>
  new Promise(resolve => {
    const begin = () => {
      const socket = open();
      let askedAt = ask(socket);
      let isDone = false;
      const finish = () => {
        isDone = true;
        socket.destroy();
        if (performance.now() < end) begin();
        else resolve();
      };
      socket.on('data', (chunk: Buffer) => {
        if (chunk[chunk.length - 1] !== END_OF_JSON) return;
        times.push(performance.now() - askedAt);
        if (chunk.toString('latin1', 9, 12) === '200') ok++;
        if (!isKept || performance.now() >= end) finish();
        else askedAt = ask(socket);
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (!isDone) fail(error.code ?? error.message);
        if (!isDone) finish();
      });
      socket.on('close', () => {
        if (isDone) return;
        fail('closed');
        finish();
      });
    };
    begin();
  });

await Promise.all([
  ...Array.from({ length: Number(kept) }, () => work(true)),
  ...Array.from({ length: Number(fresh) }, () => work(false)),
]);
times.sort((a, b) => a - b);
const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
console.log(
  JSON.stringify({
    sent,
    answered: times.length,
    ok,
    errors: [...errors.values()].reduce((sum, count) => sum + count, 0),
    why: Object.fromEntries(errors),
    seconds: (performance.now() - begun) / 1000,
    min: at(0),
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    p999: at(0.999),
    max: at(1),
  }),
);
