import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { APP } from '../targets.ts';
import { type BackEnd, openBackEnd } from './back-end.ts';

/**
 * Client and back-end in one process, on both sides of what is measured:
 *
 *   ends.ts WHAT PORT BACK_END_PORT COUNT [SECONDS]
 *
 * Prints one line of JSON.
 */
const [what = '', portText, backEndPort, countText, secondsText] = process.argv.slice(2);
const port = Number(portText);
const count = Number(countText);
const seconds = Number(secondsText ?? 0);

const READ_BUFFER = Buffer.allocUnsafe(256 * 1024);
const AT_ONCE = 200;
const GIVE_UP_MS = 1000;
const MOST_MISSES = 3;

const head = (method: string, path: string, ...more: readonly string[]): string =>
  `${[`${method} ${APP}${path} HTTP/1.1`, 'Host: 127.0.0.1', ...more].join('\r\n')}\r\n\r\n`;

/** A connection whose bytes are only counted. */
const dial = (received: (bytes: Buffer) => void): Socket => {
  const callback = (length: number): boolean => {
    received(READ_BUFFER.subarray(0, length));
    return true;
  };
  return connect({ port, host: '127.0.0.1', onread: { buffer: READ_BUFFER, callback } });
};

const download = async (bytes: number): Promise<object> => {
  const begin = performance.now();
  await new Promise<void>((resolve, reject) => {
    let seen = 0;
    const socket = dial(chunk => {
      seen += chunk.length;
      if (seen < bytes) return;
      socket.destroy();
      resolve();
    });
    socket.on('error', reject).once('close', () => reject(new Error(`cut after ${seen} bytes`)));
    socket.write(head('GET', `/bytes?${bytes}`));
  });
  return { ms: performance.now() - begin };
};

const upload = async (bytes: number): Promise<object> => {
  const begin = performance.now();
  const piece = Buffer.alloc(1024 * 1024, 'x');
  let left = bytes;
  let answer = '';
  await new Promise<void>((resolve, reject) => {
    const socket = dial(chunk => {
      answer += chunk.toString('latin1');
      if (answer.endsWith(String(bytes))) resolve();
    });
    socket.on('error', reject).once('close', () => reject(new Error(`cut: ${answer.slice(0, 200)}`)));
    socket.write(head('PUT', '/sink', `Content-Length: ${bytes}`));
    const pour = (): void => {
      while (left > 0) {
        const part = left < piece.length ? piece.subarray(0, left) : piece;
        left -= part.length;
        if (!socket.write(part)) {
          socket.once('drain', pour);
          return;
        }
      }
    };
    pour();
  });
  return { ms: performance.now() - begin };
};

/** Small requests over `count` connections, each as soon as the last one is answered. */
const small = async (): Promise<object> => {
  const request = head('GET', '/small');
  let answered = 0;
  let isOver = false;
  const sockets = Array.from({ length: count }, () => {
    const socket = dial(chunk => {
      // All answers are alike and end with the body.
      if (!chunk.subarray(-20).includes('small')) return;
      answered++;
      if (!isOver) socket.write(request);
    });
    socket.on('error', () => {});
    socket.write(request);
    return socket;
  });
  await sleep(1000);
  const [from, begin] = [answered, performance.now()];
  await sleep(seconds * 1000);
  const perSecond = ((answered - from) * 1000) / (performance.now() - begin);
  isOver = true;
  for (const socket of sockets) socket.destroy();
  return { perSecond, answered: answered - from };
};

/** Clients that leave while the back-end holds their request, one after another. */
const leave = async (backEnd: BackEnd): Promise<object> => {
  const times: number[] = [];
  let missed = 0;
  for (let i = 0; i < count && missed < MOST_MISSES; i++) {
    const held = new Promise<{ readonly ended: Promise<number> }>(resolve => {
      backEnd.onHeld = ended => resolve({ ended });
    });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(head('GET', '/hold'));
    const { ended } = await held;
    const left = performance.now();
    socket.destroy();
    const at = await Promise.race([ended, sleep(GIVE_UP_MS)]);
    if (at === undefined) missed++;
    else times.push(at - left);
  }
  return { times, missed };
};

const events = async (perClient: number): Promise<object> => {
  let heard = 0;
  const delays: number[] = [];
  const clients = Array.from({ length: count }, async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('data', chunk => {
      for (const [, at] of chunk.toString('latin1').matchAll(/data: ([\d.]+)\n/g)) {
        heard++;
        delays.push(performance.now() - Number(at));
      }
    });
    socket.write(head('GET', `/events?${perClient}`, 'Connection: close'));
    await once(socket, 'close');
  });
  await Promise.all(clients);
  delays.sort((one, other) => one - other);
  return { heard, sent: count * perClient, p99: delays[Math.floor(delays.length * 0.99)] };
};

const openSockets = async (): Promise<WebSocket[]> => {
  const sockets: WebSocket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}${APP}/socket`, { perMessageDeflate: false });
      await once(socket, 'open');
      return socket;
    });
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
};

const echo = async (): Promise<object> => {
  const sockets = await openSockets();
  let echoes = 0;
  for (const socket of sockets) {
    socket.on('message', data => {
      echoes++;
      socket.send(data);
    });
    socket.send('a message of some forty characters, echoed');
  }
  await sleep(500);
  const [from, begin] = [echoes, performance.now()];
  await sleep(seconds * 1000);
  const perSecond = ((echoes - from) * 1000) / (performance.now() - begin);
  for (const socket of sockets) socket.terminate();
  return { perSecond, open: sockets.length };
};

/** Opens them, says so, and holds them until its standard input ends. */
const idle = async (): Promise<object> => {
  const sockets = await openSockets();
  process.stdout.write('open\n');
  process.stdin.resume();
  await once(process.stdin, 'data');
  const open = sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  for (const socket of sockets) socket.terminate();
  return { open };
};

const COURSES: Readonly<Record<string, (backEnd: BackEnd) => Promise<object>>> = {
  download: () => download(count),
  upload: () => upload(count),
  small,
  leave,
  events: () => events(seconds),
  echo,
  idle,
};

const backEnd = await openBackEnd(Number(backEndPort));
const result = await COURSES[what]?.(backEnd);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
