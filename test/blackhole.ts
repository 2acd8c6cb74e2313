import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

const FULL_AFTER_MS = 250;
const MOST_FILLERS = 8;

/** True if the connection was made in time, false if nothing answered. */
const connects = (socket: Socket): Promise<boolean> =>
  new Promise(resolve => {
    const timer = setTimeout(() => resolve(false), FULL_AFTER_MS);
    const settle = (made: boolean) => {
      clearTimeout(timer);
      resolve(made);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });

/** Fills the queue of `port` until a connect hangs; gives the connections that hold it full. */
const fill = async (port: number): Promise<Socket[]> => {
  const fillers: Socket[] = [];
  while (fillers.length < MOST_FILLERS) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    fillers.push(socket);
    if (!(await connects(socket))) return fillers;
  }
  throw new Error(`port ${port} still accepts after ${MOST_FILLERS} connections`);
};

/** Makes `port`, which must be free, swallow every connect: no refusal, no answer. Gives what opens it again. */
export const openBlackhole = async (port: number): Promise<() => Promise<void>> => {
  const worker = new Worker(new URL('./blackhole-worker.ts', import.meta.url), { workerData: port });
  await once(worker, 'message');
  const fillers = await fill(port);
  return async () => {
    for (const filler of fillers) filler.destroy();
    await worker.terminate();
  };
};
