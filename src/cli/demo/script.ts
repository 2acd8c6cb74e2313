/** What a simulated back-end does with a call. */
export type Behaviour = 'well' | 'tail' | 'stall' | 'down';

/** One part of the demo. */
export interface Phase {
  readonly name: string;
  /** Share of the whole run, 0 to 1. */
  readonly share: number;
  /** What the first and the second back-end do in it. */
  readonly backEnds: readonly [Behaviour, Behaviour];
  /** The same in plain words. */
  readonly says: string;
}

/** The script of misfortunes, from good times through slow, stalled and down to good times again. */
export const SCRIPT: readonly Phase[] = [
  { name: 'healthy', share: 0.15, backEnds: ['well', 'well'], says: 'both back-ends answer within a few ms' },
  { name: 'slow', share: 0.2, backEnds: ['tail', 'tail'], says: 'either back-end takes 0.6 to 2 s for one hook in 20' },
  {
    name: 'one stalled',
    share: 0.15,
    backEnds: ['stall', 'well'],
    says: 'the first back-end accepts and never answers',
  },
  { name: 'all stalled', share: 0.15, backEnds: ['stall', 'stall'], says: 'both back-ends accept and never answer' },
  { name: 'down', share: 0.15, backEnds: ['down', 'down'], says: 'both back-ends refuse every connection' },
  { name: 'back', share: 0.2, backEnds: ['well', 'well'], says: 'both back-ends are well again' },
];

/** A time in which a single back-end does the same; `share` as in a phase. */
export type Scene = Readonly<Pick<Phase, 'share' | 'says'> & { behaviour: Behaviour }>;

const SAYS: Readonly<Record<Behaviour, string>> = {
  well: 'answers within a few ms',
  tail: 'takes 0.6 to 2 s for one hook in 20',
  stall: 'accepts and never answers',
  down: 'refuses every connection',
};

/** The script for one back-end alone, which has the part of the first. */
export const SCENES: readonly Scene[] = SCRIPT.reduce<Scene[]>((scenes, { share, backEnds: [behaviour] }) => {
  const goesOn = scenes.at(-1)?.behaviour === behaviour ? scenes.pop() : undefined;
  scenes.push({ behaviour, share: share + (goesOn?.share ?? 0), says: SAYS[behaviour] });
  return scenes;
}, []);

/** Which phase, as an index of `SCRIPT`, is on when this share of the run is over. */
export const phaseAt = (share: number): number => {
  let end = 0;
  const found = SCRIPT.findIndex(phase => {
    end += phase.share;
    // A little more than rounding may have added to the sum.
    return share < end - 1e-9;
  });
  return found < 0 ? SCRIPT.length - 1 : found;
};

/** How long WCS waits in the demo: its `rest_request_timeout`. */
export const WCS_TIMEOUT_MS = 3000;
/** The gateway's limit in the demo: four fifths of what WCS waits, as is the default. */
export const LIMIT_MS = 2400;
/** An answer counts as in time if it is seen so much after the limit: the simulated WCS shares a busy machine. */
export const SLACK_MS = 20;
