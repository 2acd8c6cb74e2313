import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { SCRIPT } from './script.ts';
import { keptPromise, summarise, wrap } from './summary.ts';
import { drawTable, TABLE_COLUMNS, TABLE_ROWS } from './table.ts';
import type { Figures, Report } from './tally.ts';
import { liveView, plainView } from './views.ts';

const NONE: Figures = {
  sent: 0,
  open: 0,
  inTime: 0,
  medianMs: 0,
  p99Ms: 0,
  worstMs: 0,
  sources: {},
  hung: 0,
  turnedAway: 0,
  streamsRefused: 0,
  eventsMissed: 0,
  intrusions: 0,
  letIn: 0,
};
const WITHOUT: Figures = {
  ...NONE,
  sent: 1500,
  inTime: 824,
  medianMs: 9.8,
  p99Ms: 3001.2,
  worstMs: 3004.9,
  sources: { upstream: 824, nobody: 676 },
  hung: 302,
  turnedAway: 49,
  streamsRefused: 98,
  eventsMissed: 397,
  intrusions: 73,
};
const WITH: Figures = {
  ...NONE,
  sent: 1500,
  inTime: 1500,
  medianMs: 8.4,
  p99Ms: 831,
  worstMs: 1702.3,
  sources: { cached: 100, upstream: 1050, hedge: 29, unavailable: 21, echo: 300 },
  turnedAway: 8,
  streamsRefused: 14,
  eventsMissed: 273,
  intrusions: 73,
};
const DOWN = {
  without: { ...NONE, sent: 225, sources: { nobody: 225 }, open: 0, turnedAway: 1, hung: 2 },
  with: {
    ...NONE,
    sent: 225,
    open: 1,
    inTime: 224,
    medianMs: 1.2,
    p99Ms: 4,
    worstMs: 8,
    sources: { echo: 150, cached: 74 },
  },
};
const EMPTY = { without: NONE, with: NONE };
const DONE = { without: WITHOUT, with: WITH };
const LOAD = { seconds: 30, rate: 50, nodeId: 'n' };
const REPORT: Report = {
  phase: 4,
  elapsedMs: 21_300,
  over: false,
  heldUpMs: 3,
  phases: [EMPTY, EMPTY, EMPTY, EMPTY, DOWN, EMPTY],
  total: DONE,
};
const OVER: Report = { ...REPORT, phase: 5, over: true };

const TABLE = `\
Breakwater demo: 50 hooks/s, the same to both sides            second 21 of 30
 healthy   slow   one stalled   all stalled  [down]  back
now: both back-ends refuse every connection
                                           this phase │              whole run
                                   without       with │     without       with
hooks sent                             225        225 │       1,500      1,500
answered within 2.4 s                0.0 %    100.0 % │      54.9 %    100.0 %
wait: median                          0 ms       2 ms │       10 ms       9 ms
      99th percentile                 0 ms       4 ms │    3,002 ms     831 ms
      longest                         0 ms       8 ms │    3,005 ms   1,703 ms
waiting now                              -          1 │           -          -
from the back-end                        -          - │         824      1,050
from a second attempt (hedge)            -          - │           -         29
last verdict, kept (cached)              -         74 │           -        100
acknowledged as it is (echo)             -        150 │           -        300
503 at once (unavailable)                -          - │           -         21
no answer at all                       225          - │         676          -
hooks that hung for 3 s                  2          - │         302          -
rightful callers turned away             1          - │          49          8
their streams refused                    -          - │          98         14
events the app never heard of            -          - │         397        273
intruders let in                         -          - │           -          -`;

const trimmed = (text: string): string => text.replaceAll(/ +$/gm, '');

test('the table at 80 columns', () => {
  assert.equal(trimmed(drawTable(LOAD, REPORT, false).join('\n')), TABLE);
});

test('the table fits the terminal that it asks for, with room for the prompt', () => {
  assert.ok(TABLE_COLUMNS <= 80);
  const lines = drawTable({ ...LOAD, rate: 1000, seconds: 600 }, { ...REPORT, elapsedMs: 600_000 }, false);
  assert.ok(lines.length < TABLE_ROWS);
  for (const line of lines) assert.ok(line.length <= TABLE_COLUMNS, line);
});

test('colour adds control characters and nothing else', () => {
  const painted = drawTable(LOAD, REPORT, true).join('\n');
  assert.notEqual(painted, TABLE);
  assert.equal(trimmed(stripVTControlCharacters(painted)), TABLE);
});

const write = () => {
  const written: string[] = [];
  return { written, screen: { write: (text: string) => written.push(text) } };
};

test('the live view draws over what it drew, and gives the cursor back', () => {
  const { written, screen } = write();
  const view = liveView(screen, LOAD, false);
  view.open();
  view.show(REPORT);
  view.show(REPORT);
  view.close();
  const lines = TABLE.split('\n').length;
  assert.equal(written[0], '\x1b[?25l');
  assert.ok(!written[1]?.includes('A\x1b'));
  assert.equal(written[2], `\x1b[${lines}A${written[1]}`);
  assert.equal(written.at(-1), '\x1b[?25h');
});

test('the plain view writes a phase once, when its last hook is over, and no control characters', () => {
  const { written, screen } = write();
  const view = plainView(screen, LOAD);
  view.open();
  view.show({ ...REPORT, phase: 5 });
  const early = written.join('');
  for (const { name } of SCRIPT.slice(0, 4)) assert.equal(early.split(`\n${name}: `).length, 2, name);
  assert.ok(!early.includes('\ndown: '), 'one of its hooks is still out');
  const quiet = { ...DOWN, with: { ...DOWN.with, open: 0 } };
  view.show({ ...OVER, phases: [EMPTY, EMPTY, EMPTY, EMPTY, quiet, EMPTY] });
  view.close();
  const all = written.join('');
  for (const { name } of SCRIPT) assert.equal(all.split(`\n${name}: `).length, 2, name);
  assert.equal(stripVTControlCharacters(all), all);
  const block = all.slice(all.indexOf('\ndown: '), all.indexOf('\nback: '));
  assert.equal(
    block,
    `
down: both back-ends refuse every connection
  without     225 hooks,   0.0 % in time; median 0 ms, p99 0 ms, longest 0 ms
           answers: nobody 225
           harm: 2 hooks hung, 1 rightful caller turned away
  with        225 hooks,  99.5 % in time; median 2 ms, p99 4 ms, longest 8 ms
           answers: cached 74, echo 150
`,
  );
});

test('the summary tells both sides in the same words, and only what was counted', () => {
  const text = summarise(LOAD, OVER, 1000);
  assert.match(text, /^\nIn 30 seconds the same 1,500 hooks went both ways, .* for 65 % of the time\.$/m);
  assert.match(
    text,
    /Without Breakwater 676 of 1,500 hooks \(45\.0 %\) got no answer, and callers waited up to 3\.01 s\./,
  );
  assert.match(
    text,
    /49 rightful callers could not come in, 98 streams could not start, 397 events never reached the app\./,
  );
  assert.match(
    text,
    /With Breakwater all 1,500 hooks were answered within the limit of 2\.4 s: half of them within 9 ms, 99 % within 0\.84 s, the slowest after 1\.71 s\./,
  );
  assert.match(
    text,
    /8 rightful callers could not come in, 14 streams could not start, 273 events never reached the app\./,
  );
  assert.match(
    text,
    /32\.8 % of the hooks got the last verdict on the same caller, 66\.6 % an acknowledgement .*, 0\.0 % a "not now"/,
  );
  assert.match(text, /None of 73 attempts to come in without the right to succeeded\./);
  assert.doesNotMatch(text, /pace/);
});

test('the summary admits a broken promise, an intruder and a busy machine', () => {
  const bad = { ...OVER, heldUpMs: 812, total: { without: WITHOUT, with: { ...WITH, inTime: 1499, letIn: 2 } } };
  assert.equal(keptPromise(bad), false);
  const text = summarise(LOAD, bad, 1000);
  assert.match(text, /With Breakwater 1 of 1,500 hooks had no answer within the limit of 2\.4 s \(and 20 ms/);
  assert.match(text, /2 of 73 attempts to come in without the right to succeeded\./);
  assert.match(text, /This machine could not keep the pace: .* 812 ms/);
});

test('the promise is kept only by a whole run in which something was sent', () => {
  assert.equal(keptPromise(OVER), true);
  assert.equal(keptPromise(REPORT), false);
  assert.equal(keptPromise({ ...OVER, total: EMPTY }), false);
});

test('lines break at blanks, never between a number and its unit', () => {
  assert.equal(wrap('one two three', 7), 'one two\nthree');
  assert.equal(wrap('half in 99 % and 2.4 s, not', 10), 'half in\n99 % and\n2.4 s, not');
  assert.equal(wrap('unbreakable', 3), 'unbreakable');
});
