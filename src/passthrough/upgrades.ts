import type { Duplex } from 'node:stream';
import { GatewayError } from '../core/errors.ts';
import { Roster } from '../core/roster.ts';

/** A connection of node:net or node:tls. */
type Side = Duplex & {
  setTimeout(ms: number, run?: () => void): unknown;
  setNoDelay?(on: boolean): unknown;
  destroySoon(): void;
};

/** The two sides of a connection that has changed its protocol, with what came on each before they were joined. */
export interface Sides {
  readonly client: { readonly socket: Duplex; readonly early: Buffer };
  readonly upstream: { readonly socket: Duplex; readonly early: Buffer };
}

/** A place for one connection among those that an app may have. */
export interface Place {
  /** Lets bytes through both ways until a side ends, or nothing has come for `idleMs`; the place is free after that. */
  join(sides: Sides, idleMs: number): void;
  /** Gives the place back. */
  leave(): void;
}

/** One side has ended: if the other one has nothing more to say for so long, it has gone as well. */
const HALF_CLOSED_MS = 1000;

const ignore = (): void => {};

const pipe = (from: Side, to: Side, early: Buffer): void => {
  if (early.length > 0) to.write(early);
  from.pipe(to);
  from.on('error', ignore).once('close', () => {
    // What is still under way to the other side may arrive, as long as it is read; one that is gone needs nothing more.
    to.setTimeout(HALF_CLOSED_MS, () => to.destroy());
    to.destroySoon();
  });
  // node:http leaves its last message there, with all that belonged to the request: as much memory again.
  if ('_httpMessage' in from) from._httpMessage = null;
};

/** Connections that have changed their protocol, to WebSocket for the most part. Outlives reloads. */
export class Upgrades {
  /** By app: what ends each of its connections. Those that wait for the back-end's word have a place too. */
  readonly #ends = new Map<string, Roster<() => void>>();

  /** How many there are, of each app that had some. */
  get open(): ReadonlyMap<string, number> {
    return new Map([...this.#ends].map(([app, ends]) => [app, ends.size]));
  }

  /** Takes a place among the `most` of `app`. Throws `overload` if there is none. */
  take(app: string, most: number): Place {
    const ends = this.#ends.get(app) ?? new Roster<() => void>();
    this.#ends.set(app, ends);
    if (ends.size >= most)
      throw new GatewayError('overload', `no room: ${most} upgraded connections, the most of passthrough.upgrades`);
    let end = (): void => {};
    const leave = ends.add(() => end());
    return {
      leave,
      join: ({ client, upstream }, idleMs) => {
        const [here, there] = [client.socket as Side, upstream.socket as Side];
        end = () => {
          here.destroy();
          there.destroy();
        };
        pipe(here, there, client.early);
        pipe(there, here, upstream.early);
        there.setTimeout(0);
        // Whatever comes through either way is read or written here.
        here.setTimeout(idleMs, end);
        const hurry = () => here.setTimeout(Math.min(idleMs, HALF_CLOSED_MS));
        here.once('end', hurry);
        there.once('end', hurry);
        here.once('close', leave);
      },
    };
  }

  /** Ends all of them. */
  end(): void {
    for (const ends of this.#ends.values()) for (const end of ends.all()) end();
  }
}
