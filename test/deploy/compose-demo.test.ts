import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BreakwaterProcess } from '../kit/breakwater-process.ts';
import { readCompose, readComposeFile, readEnvFile } from '../kit/compose.ts';
import { until } from '../poll.ts';
import { closeServers, startRedis } from '../redis/server.ts';
import { withoutTool } from '../tools.ts';

/** What the ladder of the configuration comes to in front of a back-end that is well, hangs and goes. */
const SOURCES = ['upstream', 'cached', 'stored', 'unavailable'];

/** What compose.yaml starts under its profile demo, as processes on the loopback, with a script that is soon over. */
describe('the demo of the compose file', { skip: withoutTool('redis-server') }, () => {
  const { services } = readCompose({ ...readEnvFile('demo.env'), DEMO_SECONDS: '10', DEMO_RATE: '50' });
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-compose-'));
  const started: BreakwaterProcess[] = [];

  /** Starts a service of the image of the gateway, with what it names in the network of compose where it is here. */
  const start = (name: string, here: Readonly<Record<string, string>>, words = services[name]?.command ?? []) => {
    const moved = (text: string) => Object.entries(here).reduce((all, [from, to]) => all.replace(from, to), text);
    const given = Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [key, moved(value)]);
    const process = new BreakwaterProcess(words.map(moved), Object.fromEntries(given));
    started.push(process);
    return process;
  };

  let admin = '';
  let parts: readonly BreakwaterProcess[] = [];

  before(async () => {
    const redis = await startRedis({ args: services.redis?.command?.slice(1) ?? [] });
    const backEnd = start('demo-back-end', { '0.0.0.0:8000': '127.0.0.1:0' });
    const [, address = ''] = await backEnd.says(/demo back-end at (\S+) answers/);
    const file = join(folder, 'breakwater.yaml');
    const config = readComposeFile('breakwater.yaml').replace(/0\.0\.0\.0:\d+/g, '127.0.0.1:0');
    writeFileSync(file, config.replaceAll('redis:6379', redis.address));
    const gateway = start('breakwater', { 'demo-back-end:8000': address }, ['run', '--config', file]);
    const [, url = '', adminUrl = ''] = await gateway.says(/hooks at (\S+), status at (\S+)\/status/);
    admin = adminUrl;
    parts = [backEnd, start('demo-wcs', { 'http://breakwater:8090': url })];
  });
  after(async () => {
    for (const process of started.toReversed()) await process.stop();
    await closeServers();
    rmSync(folder, { recursive: true });
  });

  test('gives answers of all kinds to what watches the gateway, and turns nothing away', async () => {
    let text = '';
    const areAllSeen = async () => {
      text = await (await fetch(`${admin}/metrics`)).text();
      return SOURCES.every(source => text.includes(`,source="${source}",`));
    };
    await until(areAllSeen, { what: `answers from ${SOURCES.join(', ')}`, deadlineMs: 40_000, everyMs: 100 });
    assert.match(
      text,
      /^breakwater_answers_total\{app="members",hook="connect",source="upstream",reason="",code="200"\}/m,
    );
    assert.doesNotMatch(text, /^breakwater_rejected_requests_total\{/m);
  });

  test('goes on when the script is over', async () => {
    await parts[0]?.says(/(?:answers within.*){3}/s);
  });

  test('ends at once, with 0, at a SIGTERM', async () => {
    const startedAt = performance.now();
    assert.deepEqual(await Promise.all(parts.map(part => part.stop())), [0, 0]);
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < 3000, `${tookMs} ms`);
  });
});
