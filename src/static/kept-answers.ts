import { LRUCache } from 'lru-cache';
import { now } from '../core/clock.ts';
import { Collector, Room } from './collector.ts';
import { type Fields, fieldOf, namesIn } from './fields.ts';

/** One answer of a back-end that may be given again. */
export interface Kept {
  /** What is given again of its header. */
  readonly fields: Fields;
  readonly body: Buffer;
  /** The fields of the request that it was chosen by, and what they said. */
  readonly vary: readonly string[];
  readonly said: readonly (string | undefined)[];
  /** When it came, by `now()`, and how old it was then, in milliseconds. */
  readonly cameAt: number;
  readonly ageThen: number;
  /** For how long it is fresh by its own word, and how old it may be given, in milliseconds from its origin. */
  readonly freshMs: number | undefined;
  readonly goodForMs: number;
}

/** Where an answer belongs: one resource, and one person where those are kept apart. */
export interface Place {
  readonly resource: string;
  readonly person: string;
}

/** What is kept for one place: answers that differ by what the requests said, the newest first. */
interface Page {
  readonly resource: string;
  readonly variants: readonly Kept[];
}

/** Of one page, so many answers are kept; a field such as `User-Agent` in `Vary` would make no end of them. */
const MOST_VARIANTS = 16;
/** What the maps, the lists and the objects of an answer take beside its text; rounded up. */
const OVERHEAD_BYTES = 1024;

/** How old a kept answer is now, in milliseconds (RFC 9111 §4.2.3). */
export const ageOf = ({ cameAt, ageThen }: Kept): number => ageThen + now() - cameAt;

/** The fields of a request that an answer was chosen by: those of its `Vary`, and what its coding implies. */
export const varyOf = (answer: Fields): readonly string[] => {
  const named = namesIn(fieldOf(answer, 'vary'));
  // Many a back-end compresses and does not say so.
  const more = fieldOf(answer, 'content-encoding') === undefined ? [] : ['accept-encoding'];
  return [...new Set([...named, ...more])];
};

/** What a request says in the named fields (RFC 9111 §4.1). */
export const saidIn = (asked: Fields, vary: readonly string[]): readonly (string | undefined)[] =>
  vary.map(name => fieldOf(asked, name));

const fits = ({ vary, said }: Kept, asked: Fields): boolean =>
  vary.every((name, at) => fieldOf(asked, name) === said[at]);

// Two bytes a character is what a string takes at worst.
const textBytes = (texts: readonly (string | undefined)[]): number =>
  texts.reduce((bytes, text = '') => bytes + 2 * text.length, 0);

const sizeOf = ({ fields, body, vary, said }: Kept): number =>
  OVERHEAD_BYTES + body.length + textBytes(fields) + textBytes(vary) + textBytes(said);

const nameOf = ({ resource, person }: Place): string => `${resource}\n${person}`;

/** `newest` and as many of the others as there is room for; those that it takes the place of are left out. */
const variantsWith = (newest: Kept, others: readonly Kept[], asked: Fields, mostBytes: number): readonly Kept[] => {
  const variants = [newest];
  let bytes = sizeOf(newest);
  for (const other of others.filter(each => !fits(each, asked))) {
    bytes += sizeOf(other);
    if (variants.length === MOST_VARIANTS || bytes > mostBytes) break;
    variants.push(other);
  }
  return variants;
};

/**
 * The last good answers of pass-through, within `bytes` all together, those included that are just being gathered; the
 * ones not used for longest go first. An answer is given only to a request that says the same in every field that it was
 * chosen by. This is no cache that answers in place of a healthy back-end.
 */
export class KeptAnswers {
  /** The largest body that is kept. */
  readonly each: number;
  readonly #quarter: number;
  readonly #room: Room;
  readonly #pages: LRUCache<string, Page>;
  /** Names of pages by their resource, because a change of the resource concerns everybody. */
  readonly #byResource = new Map<string, Set<string>>();

  constructor({ bytes, each }: { readonly bytes: number; readonly each: number }) {
    this.#quarter = Math.max(1, Math.floor(bytes / 4));
    this.each = Math.min(each, this.#quarter);
    this.#room = new Room(this.#quarter);
    this.#pages = new LRUCache({
      maxSize: 3 * this.#quarter,
      sizeCalculation: ({ variants }, name) => 2 * name.length + variants.reduce((sum, kept) => sum + sizeOf(kept), 0),
      dispose: ({ resource }, name) => this.#forget(resource, name),
    });
  }

  /** What is held now, gathered bytes included. */
  get bytes(): number {
    return this.#pages.calculatedSize + this.#room.held;
  }

  /** Of how many resources something is kept. */
  get resources(): number {
    return this.#byResource.size;
  }

  /** The newest answer at `place` that fits the request, and is not older than it may be. */
  find(place: Place, asked: Fields, keepForMs: number): Kept | undefined {
    const page = this.#pages.get(nameOf(place));
    return page?.variants.find(kept => fits(kept, asked) && ageOf(kept) <= Math.min(keepForMs, kept.goodForMs));
  }

  /**
   * What gathers a body that passes, unless its resource changes meanwhile; nothing where one of so many bytes would not be
   * kept. `before` is the body that it may be the same as.
   */
  gather({ resource }: Place, expectedBytes: number | undefined, before?: Buffer): Collector | undefined {
    if (expectedBytes !== undefined && expectedBytes > this.each) return undefined;
    return new Collector(this.#room, this.each, resource, before);
  }

  /** Keeps an answer in place of the earlier ones that `asked` would have got. */
  keep(place: Place, asked: Fields, kept: Kept): void {
    const name = nameOf(place);
    const others = this.#pages.peek(name)?.variants ?? [];
    const variants = variantsWith(kept, others, asked, this.#quarter);
    this.#pages.set(name, { resource: place.resource, variants });
    // What is too large is not there now, and of what it takes the place of the name was forgotten.
    if (!this.#pages.has(name)) return;
    const names = this.#byResource.get(place.resource) ?? new Set();
    this.#byResource.set(place.resource, names.add(name));
  }

  /** Forgets what is kept at `place`, for whatever request. */
  takeBack(place: Place): void {
    this.#pages.delete(nameOf(place));
  }

  /** Forgets what is kept of a resource, for everybody, and what is on its way from before. */
  hasChanged(resource: string): void {
    for (const collector of this.#room.collectors) if (collector.resource === resource) collector.drop();
    for (const name of [...(this.#byResource.get(resource) ?? [])]) this.#pages.delete(name);
  }

  #forget(resource: string, name: string): void {
    const names = this.#byResource.get(resource);
    names?.delete(name);
    if (names?.size === 0) this.#byResource.delete(resource);
  }
}
