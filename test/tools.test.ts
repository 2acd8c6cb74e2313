import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { ensureTools } from '../scripts/tools.ts';
import { findTool, isThere, remedy, requireTool, TOOLS, type Tool, withoutTool } from './tools.ts';

const ABSENT: Tool = { program: 'no-such-tool', debian: 'no-such-package', purpose: 'is missing' };

describe('tools', () => {
  const before = process.env.BREAKWATER_WITHOUT;
  afterEach(() => {
    if (before === undefined) delete process.env.BREAKWATER_WITHOUT;
    else process.env.BREAKWATER_WITHOUT = before;
  });

  test('a tool is found by its path, and one that is not there is not', () => {
    assert.match(findTool('sh') ?? '', /^\/.*\/sh$/);
    assert.equal(findTool(ABSENT.program), undefined);
  });

  test('a tool that is a file is there if the file is', () => {
    assert.equal(isThere({ ...ABSENT, file: import.meta.filename }), true);
    assert.equal(isThere({ ...ABSENT, file: `${import.meta.filename}.not` }), false);
  });

  test('what a missing tool needs is said with package, command and the way around', () =>
    assert.match(
      remedy(ABSENT),
      /^no-such-tool is missing: run `apt-get install .*no-such-package`.*BREAKWATER_WITHOUT=no-such-tool$/,
    ));

  test('a test that needs a tool fails without it, and is skipped only where the user says so', () => {
    assert.throws(() => requireTool(ABSENT.program as 'promtool'), /no-such-tool is not in the table/);
    delete process.env.BREAKWATER_WITHOUT;
    assert.equal(withoutTool('promtool'), false);
    process.env.BREAKWATER_WITHOUT = 'varnishtest, promtool';
    assert.equal(withoutTool('promtool'), 'BREAKWATER_WITHOUT names promtool');
  });

  test('what is there or not wanted is not installed', () => {
    process.env.BREAKWATER_WITHOUT = ABSENT.program;
    assert.deepEqual(ensureTools([ABSENT, { ...ABSENT, program: 'sh', debian: 'dash' }]), []);
  });

  test('no two tools have one name', () => {
    assert.equal(new Set(TOOLS.map(({ program }) => program)).size, TOOLS.length);
  });
});
