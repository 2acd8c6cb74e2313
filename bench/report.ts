import type { Outcome, Section, Table, Verdict } from './section.ts';

/** A section and what came of it. */
export interface Played {
  readonly section: Section;
  readonly outcome?: Outcome;
  /** Why it broke off. */
  readonly problem?: string;
}

const line = (cells: readonly string[], widths: readonly number[]): string =>
  `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;

/** Columns are as wide as their widest cell, so that a table can be read on a terminal as well. */
const renderRows = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((name, at) => Math.max(3, name.length, ...rows.map(row => row[at]?.length ?? 0)));
  const rule = widths.map(width => '-'.repeat(width));
  return [head, rule, ...rows].map(cells => line(cells, widths)).join('\n');
};

const renderTable = ({ title, head, rows, notes }: Table): string =>
  [
    ...(title ? [`### ${title}`] : []),
    ...(rows.length > 0 ? [renderRows(head, rows)] : []),
    ...(notes.length > 0 ? [notes.map(note => `* ${note}`).join('\n')] : []),
  ].join('\n\n');

/** One section as Markdown. */
export const renderSection = ({ section, outcome, problem }: Played): string => {
  const tables = outcome?.tables.map(renderTable) ?? [];
  return [`## ${section.title}`, ...tables, ...(problem ? [`Broke off: ${problem}`] : [])].join('\n\n');
};

const verdictRow = ({ what, measured, target, met }: Verdict): string[] => [
  what,
  measured,
  target ?? 'no bound',
  met === undefined ? '' : met ? 'met' : '**missed**',
];

/** What was asked for, in one table. */
export const renderVerdicts = (played: readonly Played[]): string => {
  const rows = played.flatMap(({ outcome }) => outcome?.verdicts ?? []).map(verdictRow);
  return `## Asked for and measured\n\n${renderRows(['what', 'measured', 'asked for', ''], rows)}`;
};

export interface Circumstances {
  readonly machine: readonly string[];
  readonly command: string;
  readonly minutes: number;
  readonly quick: boolean;
}

export const QUICK_NOTE =
  'This was a quick run: the targets were half warm and the rounds short, which does most harm to those that run on Node. Quote none of it.';

/** The whole document. */
export const renderReport = (
  played: readonly Played[],
  { machine, command, minutes, quick }: Circumstances,
): string => {
  const date = new Date().toISOString().slice(0, 10);
  return [
    '# What was measured',
    `Written by \`${command}\` on ${date}, in ${minutes.toFixed(1)} min. Figures are medians, and ratios are taken within each round, since a machine has moods; compare rows of one table, not of two runs.`,
    ...(quick ? [QUICK_NOTE] : []),
    renderVerdicts(played),
    `## Machine\n\n${machine.map(each => `* ${each}`).join('\n')}`,
    '## To repeat it\n\n`npm ci && npm run bench` on a quiet Linux machine with gcc and at least two cores; nginx, HAProxy and Java with libhttpclient-java take part where they are installed. ' +
      '`npm run bench -- --only=throughput,stall` runs some sections, `--quick` all of them in short, to see that they work. `node bench/profile.ts` shows where the gateway spends its time.',
    ...played.map(renderSection),
    '',
  ].join('\n\n');
};
