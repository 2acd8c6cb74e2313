import { LIMIT_MS, SCRIPT, WCS_TIMEOUT_MS } from './script.ts';
import { type Figures, type Pair, type Report, SIDES } from './tally.ts';
import type { Load } from './traffic.ts';
import { formatCount, formatMs, formatShare, SOURCE_WORDS } from './words.ts';

const LABEL_WIDTH = 31;
const COLUMN_WIDTH = 11;
const RULE = ' │ ';
/** The table needs so much room; where there is less, plain lines are written instead. */
export const TABLE_COLUMNS = LABEL_WIDTH + 4 * COLUMN_WIDTH + RULE.length;
export const TABLE_ROWS = 24;

/** How a cell is told apart: `good` and `bad` stand out, `faint` steps back. */
type Tone = 'plain' | 'strong' | 'good' | 'bad' | 'faint';
type Paint = (tone: Tone, text: string) => string;

const CODES: Readonly<Record<Tone, string>> = { plain: '', strong: '1', good: '32', bad: '31', faint: '2' };

const paintOf =
  (colour: boolean): Paint =>
  (tone, text) =>
    colour && tone !== 'plain' ? `\x1b[${CODES[tone]}m${text}\x1b[0m` : text;

interface Cell {
  readonly text: string;
  readonly tone: Tone;
}
type Row = readonly [label: string, cell: (figures: Figures) => Cell];

const plain = (text: string): Cell => ({ text, tone: 'plain' });
const over = ({ sent, open }: Figures): number => sent - open;

const inTime = (figures: Figures): Cell => {
  const all = over(figures);
  if (all === 0) return { text: '-', tone: 'faint' };
  return { text: formatShare(figures.inTime, all), tone: figures.inTime === all ? 'good' : 'bad' };
};

const wait = (ms: (figures: Figures) => number) => (figures: Figures) =>
  over(figures) === 0 ? { text: '-', tone: 'faint' as const } : plain(formatMs(ms(figures)));

const count = (of: (figures: Figures) => number, tone: Tone) => (figures: Figures) =>
  of(figures) === 0 ? { text: '-', tone: 'faint' as const } : { text: formatCount(of(figures)), tone };

const sourceRow = ([source, words]: readonly [string, string]): Row => [
  words,
  count(figures => figures.sources[source] ?? 0, source === 'nobody' ? 'bad' : 'plain'),
];

const ROWS: readonly Row[] = [
  ['hooks sent', ({ sent }) => plain(formatCount(sent))],
  [`answered within ${LIMIT_MS / 1000} s`, inTime],
  ['wait: median', wait(figures => figures.medianMs)],
  ['      99th percentile', wait(figures => figures.p99Ms)],
  ['      longest', wait(figures => figures.worstMs)],
  ['waiting now', count(figures => figures.open, 'plain')],
  ...Object.entries(SOURCE_WORDS).map(sourceRow),
  [`hooks that hung for ${WCS_TIMEOUT_MS / 1000} s`, count(figures => figures.hung, 'bad')],
  ['rightful callers turned away', count(figures => figures.turnedAway, 'bad')],
  ['their streams refused', count(figures => figures.streamsRefused, 'bad')],
  ['events the app never heard of', count(figures => figures.eventsMissed, 'bad')],
  ['intruders let in', count(figures => figures.letIn, 'bad')],
];

const drawRow = ([label, cell]: Row, pairs: readonly Pair[], paint: Paint): string => {
  const draw = ({ text, tone }: Cell) => paint(tone, text.padStart(COLUMN_WIDTH));
  const columns = pairs.map(pair => SIDES.map(side => draw(cell(pair[side]))).join(''));
  return label.padEnd(LABEL_WIDTH) + columns.join(paint('faint', RULE));
};

const drawScript = (at: number, paint: Paint): string =>
  SCRIPT.map(({ name }, index) => {
    if (index === at) return paint('strong', `[${name}]`);
    return paint(index < at ? 'plain' : 'faint', ` ${name} `);
  }).join(' ');

const drawHeads = (paint: Paint): string[] => {
  const draw = (columns: readonly string[]) =>
    ''.padEnd(LABEL_WIDTH) + columns.map(text => paint('strong', text)).join(paint('faint', RULE));
  const sides = SIDES.map(side => side.padStart(COLUMN_WIDTH)).join('');
  return [draw(['this phase', 'whole run'].map(text => text.padStart(2 * COLUMN_WIDTH))), draw([sides, sides])];
};

const drawTitle = ({ seconds, rate }: Load, { elapsedMs }: Report, paint: Paint): string => {
  const title = `Breakwater demo: ${formatCount(rate)} hooks/s, the same to both sides`;
  const second = Math.min(seconds, Math.floor(elapsedMs / 1000));
  const time = `second ${second} of ${seconds}`;
  return paint('strong', title) + time.padStart(TABLE_COLUMNS - title.length);
};

/** The live table as lines of at most `TABLE_COLUMNS` characters. */
export const drawTable = (load: Load, report: Report, colour: boolean): string[] => {
  const paint = paintOf(colour);
  const phase = report.phases[report.phase];
  const pairs = [phase ?? report.total, report.total];
  return [
    drawTitle(load, report, paint),
    drawScript(report.phase, paint),
    `now: ${SCRIPT[report.phase]?.says ?? ''}`,
    ...drawHeads(paint),
    ...ROWS.map(row => drawRow(row, pairs, paint)),
  ];
};
