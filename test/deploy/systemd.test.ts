import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { requireTool, withoutTool } from '../tools.ts';

const UNIT = readFileSync(new URL('../../deploy/systemd/breakwater.service', import.meta.url), 'utf8');
const WORST = 2.5;
const DRAIN_S = 20;

describe('the systemd unit', { skip: withoutTool('systemd-analyze') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-unit-'));
  after(() => rmSync(folder, { recursive: true }));

  /** What systemd-analyze says of the unit; the gateway itself need not be installed where it is checked. */
  const analyze = (unit: string, ...args: string[]) => {
    const file = join(folder, 'breakwater.service');
    writeFileSync(file, unit.replaceAll('/usr/bin/breakwater', process.execPath));
    const { stdout, stderr } = spawnSync(requireTool('systemd-analyze'), [...args, file], { encoding: 'utf8' });
    return { stdout, stderr };
  };
  const exposure = (unit: string) =>
    Number(/exposure level .*: ([\d.]+)/.exec(analyze(unit, 'security', '--offline=true', '--no-pager').stdout)?.[1]);

  test('is understood word by word', () => {
    assert.deepEqual(analyze(UNIT, 'verify', '--man=no'), { stdout: '', stderr: '' });
    assert.match(analyze(UNIT.replace('PrivateTmp', 'PrivatTmp'), 'verify', '--man=no').stderr, /PrivatTmp/);
  });

  test('leaves little open', () => {
    assert.ok(exposure(UNIT) <= WORST, `${exposure(UNIT)}`);
    assert.ok(exposure(UNIT.replace(/^SystemCall.*$/gm, '').replace('DynamicUser=yes', '')) > WORST);
  });

  test('gives the gateway time to drain', () => {
    assert.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(UNIT)?.[1]) > DRAIN_S);
  });
});
