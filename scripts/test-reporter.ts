import type { TestEvent } from 'node:test/reporters';

/** What one test file came to. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * A reporter for node:test that writes nothing but the closing counts, as one line of JSON.
 * A file that dies, hangs or never starts a test writes none, which is how `scripts/test.ts` finds out.
 */
export default async function* countsReporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type !== 'test:summary') continue;
    const { tests, passed, skipped, todo } = event.data.counts;
    const counts: Counts = { passed, failed: tests - passed - skipped - todo, skipped: skipped + todo };
    yield `${JSON.stringify(counts)}\n`;
  }
}
