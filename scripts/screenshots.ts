import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { createScene, launchBrowser, type PageScene } from '../test/kit/page-scene.ts';
import { until } from '../test/poll.ts';

const FOLDER = join(import.meta.dirname, '../docs/images');
const WIDTHS = [
  [1440, 640],
  [360, 780],
] as const;
const HEALTHY_MS = 45_000;
const OUTAGE_MS = 18_000;
const RECOVERY_MS = 12_000;

const passed = (ms: number): Promise<boolean> => {
  const end = performance.now() + ms;
  return until(() => performance.now() > end, { what: 'time to pass', deadlineMs: ms + 5000, everyMs: 200 });
};

/** Four pictures of what the page shows now. */
const take = async (page: Page, name: string): Promise<void> => {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const [width, height] of WIDTHS) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      const path = join(FOLDER, `status-${name}-${colorScheme}-${width}.png`);
      await page.screenshot({ path });
      spawnSync('pngquant', ['--force', '--speed', '1', '--output', path, '128', path], { stdio: 'inherit' });
      console.log(`${path} ${Math.round(statSync(path).size / 1024)} KiB`);
    }
};

const takeAll = async (page: Page, scene: PageScene): Promise<void> => {
  await page.goto(scene.adminUrl);
  await passed(HEALTHY_MS);
  await take(page, 'healthy');
  await scene.backEnd.setFault({ kind: 'refused' });
  await passed(OUTAGE_MS);
  await take(page, 'outage');
  await scene.recover();
  await passed(RECOVERY_MS);
  await take(page, 'recovery');
};

/**
 * Takes the pictures of the status page that the documents show: `node scripts/screenshots.ts`. They are made smaller by
 * pngquant (Debian has it) where that is there.
 */
mkdirSync(FOLDER, { recursive: true });
const scene = await createScene();
const browser = await launchBrowser();
try {
  await takeAll(await browser.context.newPage(), scene);
} finally {
  await browser.close();
  await scene.close();
}
