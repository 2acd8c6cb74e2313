import { LIMIT_MS, SCRIPT, SLACK_MS } from './script.ts';
import type { Figures, Report } from './tally.ts';
import type { Load } from './traffic.ts';
import { formatAmount, formatCount, formatMs, formatSeconds, formatShare } from './words.ts';

const LIMIT = formatSeconds(LIMIT_MS);
/** Hold-ups of the demo's own processes are told from here on. */
const BUSY_MS = 100;

/** True if every hook that went through the gateway was answered within the limit and the slack. */
export const keptPromise = ({ over, total: { with: figures } }: Report): boolean =>
  over && figures.sent > 0 && figures.inTime === figures.sent;

const opening = ({ seconds }: Load, { total }: Report): string => {
  const troubled = SCRIPT.filter(({ backEnds }) => backEnds.some(one => one !== 'well'));
  const share = troubled.reduce((sum, phase) => sum + phase.share, 0);
  return (
    `In ${formatAmount(seconds, 'second')} the same ${formatAmount(total.with.sent, 'hook')} went both ways, ` +
    `while the back-ends were slow, stalled or down for ${Math.round(share * 100)} % of the time.`
  );
};

const harm = ({ turnedAway, streamsRefused, eventsMissed }: Figures): string =>
  `${formatAmount(turnedAway, 'rightful caller')} could not come in, ${formatAmount(streamsRefused, 'stream')} could ` +
  `not start, ${formatAmount(eventsMissed, 'event')} never reached the app`;

const without = ({ total: { without: figures } }: Report): string => {
  const { sent, sources, worstMs } = figures;
  const lost = sources.nobody ?? 0;
  return (
    `Without Breakwater ${formatCount(lost)} of ${formatAmount(sent, 'hook')} (${formatShare(lost, sent)}) got no answer, ` +
    `and callers waited up to ${formatSeconds(worstMs)}. ${harm(figures)}.`
  );
};

const promise = (report: Report): string => {
  const { sent, inTime, worstMs, medianMs, p99Ms } = report.total.with;
  const what = keptPromise(report)
    ? `all ${formatAmount(sent, 'hook')} were answered within the limit of ${LIMIT}`
    : `${formatCount(sent - inTime)} of ${formatAmount(sent, 'hook')} had no answer within the limit of ${LIMIT} (and ` +
      `${SLACK_MS} ms for a busy machine)`;
  return (
    `With Breakwater ${what}: half of them within ${formatMs(medianMs)}, 99 % within ${formatSeconds(p99Ms)}, ` +
    `the slowest after ${formatSeconds(worstMs)}. ${harm(report.total.with)}.`
  );
};

/** What stood in for the back-ends in the phases in which neither of them answered. */
const standIns = ({ phases, total }: Report): string => {
  const dead = phases.filter((_, at) => SCRIPT[at]?.backEnds.every(one => one === 'stall' || one === 'down'));
  const sum = (of: (figures: Figures) => number) => dead.reduce((all, pair) => all + of(pair.with), 0);
  const share = (source: string) =>
    formatShare(
      sum(({ sources }) => sources[source] ?? 0),
      sum(({ sent }) => sent),
    );
  return (
    `While no back-end answered, ${share('cached')} of the hooks got the last verdict on the same caller, ` +
    `${share('echo')} an acknowledgement of what had happened already (not stored in this demo), ${share('unavailable')} a "not now" for callers not known yet. ` +
    `At other times a second attempt at the other back-end was quicker for ${formatAmount(total.with.sources.hedge ?? 0, 'hook')}.`
  );
};

const door = ({ total: { with: figures } }: Report): string => {
  const { letIn, intrusions } = figures;
  return `${letIn === 0 ? 'None' : formatCount(letIn)} of ${formatAmount(intrusions, 'attempt')} to come in without the right to succeeded.`;
};

/** Said where it matters: a hold-up of the demo's own making looks like a wait for an answer. */
const machine = ({ heldUpMs }: Report): string =>
  heldUpMs < BUSY_MS
    ? ''
    : `This machine could not keep the pace: the demo's own processes were held up by as much as ${formatMs(heldUpMs)}, ` +
      `which is part of the waits on both sides. A lower --rate or a less busy machine tells more.`;

/** Breaks at blanks, so that no line is longer than `width`; a number and its unit stay together. */
export const wrap = (text: string, width: number): string => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/ (?!%|ms\b|s\b)/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > width && line !== '') lines.push(line);
    line = longer.length > width ? word : longer;
  }
  return [...lines, line].join('\n');
};

/** The result in a few sentences for people who do not read tables. Every figure in it was measured. */
export const summarise = (load: Load, report: Report, width: number): string =>
  [opening(load, report), without(report), promise(report), standIns(report), door(report), machine(report)]
    .filter(sentence => sentence !== '')
    .map(sentence => `\n${wrap(sentence, width)}\n`)
    .join('');
