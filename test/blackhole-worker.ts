import { createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

// A listener whose thread sleeps accepts nobody, so its queue fills and the kernel drops every further SYN.
createServer().listen({ port: workerData as number, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort?.postMessage('listening');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
