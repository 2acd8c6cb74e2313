import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseConfig } from '../src/config/load.ts';
import { start } from '../src/server/start.ts';

/** What ends with the close has had its turn by then. */
const AFTERWARDS_MS = 200;

/** What a soak asks the process that holds the gateway, and what that answers. */
export type SoakQuestion = 'sample' | 'close';

export interface SoakSample {
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly held: { readonly visits: number; readonly inflight: number; readonly queued: number };
  /** What keeps the process alive, as Node names it. */
  readonly handles: readonly string[];
}

/** The gateway of a soak, alone in its process so that its memory is its own. To be started with `--expose-gc`. */
const serve = async (text: string): Promise<void> => {
  const { config } = parseConfig(text, { file: 'soak.yaml', env: process.env });
  const breakwater = await start(config, { version: 'soak', logFd: openSync('/dev/null', 'w') });
  const sample = (): SoakSample => {
    globalThis.gc?.();
    const { heapUsed, rss, external } = process.memoryUsage();
    const handles = process.getActiveResourcesInfo();
    return { heapBytes: heapUsed + external, rssBytes: rss, held: breakwater.held, handles };
  };
  process.on('message', async (question: SoakQuestion) => {
    if (question === 'close') {
      await breakwater.close();
      await sleep(AFTERWARDS_MS);
    }
    process.send?.(sample());
    if (question === 'close') process.disconnect();
  });
  process.send?.({ url: breakwater.url, adminUrl: breakwater.adminUrl });
};

await serve(process.argv[2] ?? '');
