/** @import { Verdict } from './verdict.js' */

/** A screen reader is told of changes no more often than this. */
const EVERY_MS = 5000;

const WCS_WORDS = {
  ok: "gets the back-end's own answers",
  warn: 'gets answers of the gateway',
  bad: 'gets refusals',
  quiet: 'asks nothing',
};

/** An app without figures, which change all the time. @param {string} app @param {Verdict} backEnd @param {Verdict} wcs */
export const inWords = (app, backEnd, wcs) => `${app}: back-end ${backEnd.word}, WCS ${WCS_WORDS[wcs.level]}.`;

/** What a screen reader is told: at once what is new after a calm, and what is not known any more never. */
export class Speech {
  #words = '';
  #changedAt = Number.NEGATIVE_INFINITY;

  /** What is to be said; `words` are empty if nothing is known. @param {string} words @param {number} now milliseconds */
  next(words, now) {
    const isDue = words === '' || now - this.#changedAt >= EVERY_MS;
    if (words === this.#words || !isDue) return this.#words;
    this.#words = words;
    this.#changedAt = now;
    return words;
  }
}
