import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { createScene, launchBrowser, type PageScene } from './kit/page-scene.ts';
import { until } from './poll.ts';
import { withoutTool } from './tools.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface AxeViolation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

describe('the status page in Chromium', { skip: withoutTool('chromium') }, () => {
  let scene: PageScene;
  let browser: Awaited<ReturnType<typeof launchBrowser>>;
  let page: Page;
  /** Errors on the console and of scripts, and where requests went. */
  const errors: string[] = [];
  const requests = new Set<string>();

  before(async () => {
    [scene, browser] = await Promise.all([createScene(), launchBrowser()]);
    page = await browser.context.newPage();
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
    });
    page.on('pageerror', error => errors.push(String(error)));
    page.on('request', request => requests.add(new URL(request.url()).origin));
    await page.goto(scene.adminUrl);
  });

  after(async () => {
    await browser.close();
    await scene.close();
  });

  /** How long it takes until the pane with this title shows this. */
  const shows = async (title: string, pattern: RegExp, deadlineMs: number): Promise<number> => {
    const from = performance.now();
    const verdict = page.locator('.pane', { hasText: title }).locator('.verdict');
    const isSo = async () => pattern.test((await verdict.textContent({ timeout: deadlineMs })) ?? '');
    await until(isSo, { what: `${title}: ${pattern}`, deadlineMs, everyMs: 20 });
    return performance.now() - from;
  };

  const violations = async (): Promise<readonly string[]> => {
    const found = (await page.evaluate('axe.run().then(result => result.violations)')) as readonly AxeViolation[];
    return found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  };

  test('shows a back-end that is well, and what WCS gets of it', async () => {
    await shows('What the back-end does', /Answers/, 5000);
    await shows('What WCS gets', /back-end's own/, 5000);
    await until(async () => (await page.locator('.hooks tbody tr').count()) === 5, { what: 'a row for each hook' });
    assert.match((await page.locator('#connection').textContent()) ?? '', /live/);
  });

  test('shows an outage within 2 s, with breaker, countdown and the last answers', async t => {
    await scene.backEnd.setFault({ kind: 'refused' });
    const [backEndMs, wcsMs] = await Promise.all([
      shows('What the back-end does', /Down|Failing/, 2000),
      shows('What WCS gets', /from the gateway|no answer/, 2000),
    ]);
    t.diagnostic(`outage seen after ${Math.round(backEndMs)} ms, its cost to WCS after ${Math.round(wcsMs)} ms`);
    await page.locator('.upstreams .state', { hasText: /open, probes in \d s/ }).waitFor({ timeout: 5000 });
    await page.locator('.backlog', { hasText: /\d+ wait/ }).waitFor({ timeout: 5000 });
    const rows = page.locator('#recent tbody tr');
    await until(async () => (await rows.count()) === 50, { what: 'fifty answers' });
    assert.match(
      (await rows.first().textContent()) ?? '',
      /(cached|echo|stored).*(breaker|refused|queued).*[0-9a-f-]{36}/,
    );
  });

  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1440, 360])
      test(`axe finds nothing serious and nothing sticks out: ${colorScheme}, ${width} px`, async () => {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        // A script that is added to the page would be refused by its policy; this goes past the page.
        await page.evaluate(readFileSync(AXE, 'utf8'));
        assert.deepEqual(await violations(), []);
        const sticksOut = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
        assert.equal(await page.evaluate(sticksOut), 0);
      });

  test('is walked through by keyboard: skip link, pause, then the other pages', async () => {
    const walked: unknown[] = [];
    for (let step = 0; step < 6; step++) {
      await page.keyboard.press('Tab');
      walked.push(await page.evaluate('document.activeElement.textContent'));
    }
    assert.deepEqual(walked, ['Skip to the apps', 'Pause', '/status', '/metrics', '/healthz', '/readyz']);
    await page.locator('#pause').focus();
    await page.keyboard.press('Enter');
    assert.match((await page.locator('#connection').textContent()) ?? '', /paused/);
    await page.keyboard.press('Enter');
    assert.match((await page.locator('#connection').textContent()) ?? '', /live/);
  });

  test('shows that the back-end is there again', async t => {
    await scene.recover();
    const ms = await shows('What the back-end does', /Answers/, 10_000);
    await shows('What WCS gets', /back-end's own/, 10_000);
    t.diagnostic(`recovery seen after ${Math.round(ms)} ms, the pause of the open breaker included`);
  });

  test('has asked nobody but its own listener, and nothing went wrong on it', () => {
    assert.deepEqual([...requests], [scene.adminUrl]);
    assert.deepEqual(errors, []);
  });

  test('says since when the connection is lost when the gateway is gone, and keeps what it knew', async () => {
    await scene.started.close();
    const banner = page.locator('#banner', { hasText: /Connection lost since \d\d:\d\d:\d\d/ });
    await banner.waitFor({ timeout: 8000 });
    assert.equal(await page.locator('.hooks tbody tr').count(), 5);
  });
});
