import { type Counts, type Course, PHASES, type Phase } from './course.ts';

/** What `java/wcs/Hooks.java` says where there was none. */
export const NO_ANSWERS = ['nobody listens', 'broken', 'timeout'];

/** How often what `words` begin with happened. */
export const count = (counts: Counts, ...words: readonly string[]): number => {
  const begin = `${words.join('|')}|`;
  const found = Object.entries(counts).filter(([what]) => `${what}|`.startsWith(begin));
  return found.reduce((sum, [, times]) => sum + times, 0);
};

export const ever = (counts: Counts, ...words: readonly string[]): number =>
  PHASES.reduce((sum, phase) => sum + count(counts, phase, ...words), 0);

/** How often WCS got no answer although a gateway was there. */
export const unanswered = (counts: Counts): number =>
  PHASES.flatMap(phase => kindsOf(counts).flatMap(kind => NO_ANSWERS.map(name => [phase, kind, name] as const)))
    .filter(([phase, , name]) => phase !== 'restarting' || name === 'timeout')
    .reduce((sum, [phase, kind, name]) => sum + count(counts, phase, 'answer', kind, name), 0);

/** The words that stand at `at` where the second one is `answer`. */
export const wordsOf = (counts: Counts, at: number): string[] => {
  const answers = Object.keys(counts).map(what => what.split('|'));
  return [...new Set(answers.flatMap(words => (words[1] === 'answer' ? (words[at] ?? []) : [])))].sort();
};

export const kindsOf = (counts: Counts): string[] => wordsOf(counts, 2);

/** Streams that ended because nobody was there, or their connection had died with the gateway. */
export const endedByRestart = ({ counts }: Course): number =>
  ['nobody listens', 'broken'].reduce((sum, name) => sum + count(counts, 'restarting', 'stream ended', name), 0);

export const endedByOutage = (course: Course): number => ever(course.counts, 'stream ended') - endedByRestart(course);

/** Sessions of one standing that were held in any of `phases`: how many of them have started something since. */
export const heldAndStarted = ({ counts }: Course, standing: string, phases: readonly Phase[]): string => {
  const of = (...words: readonly string[]) =>
    phases.reduce((sum, phase) => sum + count(counts, phase, 'session', standing, 'held', ...words), 0);
  return of() === 0 ? '' : `${of('started')} of ${of()}`;
};
