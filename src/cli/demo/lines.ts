import { LIMIT_MS, SLACK_MS, WCS_TIMEOUT_MS } from './script.ts';
import { type Figures, type Pair, SIDES, type Side } from './tally.ts';
import type { Load } from './traffic.ts';
import { formatAmount, formatCount, formatMs, formatShare, SOURCE_WORDS } from './words.ts';

const SIDE_WIDTH = 9;

/** What both sides are, for a reader who sees the demo for the first time. */
export const drawPlainHead = ({ seconds, rate }: Load): string => `\
Breakwater demo: ${formatAmount(seconds, 'second')}, ${formatCount(rate)} hooks/s, the same to both sides
  without: WCS calls the first back-end itself and gives up after ${WCS_TIMEOUT_MS / 1000} s
  with:    WCS calls Breakwater, which has both back-ends and answers within ${LIMIT_MS / 1000} s
           (seen by WCS at most ${SLACK_MS} ms later, for the sake of a busy machine)
`;

const drawWaits = (side: Side, figures: Figures): string => {
  const { sent, inTime, medianMs, p99Ms, worstMs } = figures;
  const answered = `${formatShare(inTime, sent).padStart(7)} in time`;
  const waits = `median ${formatMs(medianMs)}, p99 ${formatMs(p99Ms)}, longest ${formatMs(worstMs)}`;
  return `  ${side.padEnd(SIDE_WIDTH)}${formatCount(sent).padStart(6)} hooks, ${answered}; ${waits}\n`;
};

/** Who answered how many, in the order of the table. */
export const listSources = ({ sources }: Pick<Figures, 'sources'>): string =>
  Object.keys(SOURCE_WORDS)
    .concat(Object.keys(sources))
    .filter((source, at, all) => sources[source] && all.indexOf(source) === at)
    .map(source => `${source} ${formatCount(sources[source] ?? 0)}`)
    .join(', ');

const listHarm = ({ hung, turnedAway, streamsRefused, eventsMissed, letIn }: Figures): string[] => {
  const all: readonly (readonly [number, string])[] = [
    [hung, `${formatAmount(hung, 'hook')} hung`],
    [turnedAway, `${formatAmount(turnedAway, 'rightful caller')} turned away`],
    [streamsRefused, `${formatAmount(streamsRefused, 'stream')} refused`],
    [eventsMissed, `${formatAmount(eventsMissed, 'event')} missed by the app`],
    [letIn, `${formatAmount(letIn, 'intruder')} let in`],
  ];
  return all.filter(([count]) => count > 0).map(([, words]) => words);
};

const indented = (label: string, words: string): string => `  ${''.padEnd(SIDE_WIDTH)}${label}: ${words}\n`;

const drawSide = (side: Side, figures: Figures): string => {
  const harm = listHarm(figures);
  const harmLine = harm.length > 0 ? indented('harm', harm.join(', ')) : '';
  return drawWaits(side, figures) + indented('answers', listSources(figures)) + harmLine;
};

/** A finished phase as a block of plain lines. */
export const drawPhase = (name: string, says: string, pair: Pair): string =>
  `\n${name}: ${says}\n${SIDES.map(side => drawSide(side, pair[side])).join('')}`;
