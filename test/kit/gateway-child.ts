import { readConfig, type Started, startGateway } from '../start.ts';

/** What the child says of its gateway, after a garbage collection. */
export interface Measured {
  readonly held: { readonly visits: number; readonly inflight: number; readonly queued: number };
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** What keeps its event loop alive, such as `TCPSocketWrap`, and how many of each. */
  readonly handles: Readonly<Record<string, number>>;
}

const measure = ({ breakwater }: Started): Measured => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const handles: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1;
  return { held: breakwater.held, heapBytes: heapUsed + external, rssBytes: rss, handles };
};

const gateway = await startGateway(readConfig(process.argv[2] ?? ''));

process.on('message', async word => {
  if (word === 'measure') process.send?.(measure(gateway));
  if (word !== 'close') return;
  await gateway.close();
  // From here on nothing of ours may keep the process: the parent waits for it to end by itself.
  process.disconnect();
});
process.send?.(gateway.url);
