import type { Behaviour } from './script.ts';
import type { Report } from './tally.ts';
import type { Load } from './traffic.ts';
import type { Targets } from './wcs.ts';

/** What the demo tells a child process. */
export type Order =
  | { readonly type: 'back-end'; readonly name: string }
  | { readonly type: 'behave'; readonly behaviour: Behaviour }
  | { readonly type: 'wcs'; readonly load: Load; readonly targets: Targets };

/** What a child process tells the demo. */
export type Note =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'phase'; readonly phase: number }
  | { readonly type: 'report'; readonly report: Report }
  | { readonly type: 'over'; readonly report: Report };
