interface Place<T> {
  item: T | undefined;
  before: Place<T>;
  after: Place<T>;
}

/**
 * Who is in now: an ordered collection for members that come and go with every call.
 *
 * Not a Set or Map, on purpose. Those change to a new table every few dozen removals, and a table left behind keeps
 * what it held reachable for the scavenger until the next full collection: with a member per call, everything that the
 * call ever touched was promoted (scavenges of 30 ms instead of 0.3 ms, measured). A place here is cleared on leaving.
 */
export class Roster<T> {
  readonly #ring: Place<T>;
  #size = 0;

  constructor() {
    const ring: { item: undefined; before?: Place<T>; after?: Place<T> } = { item: undefined };
    ring.before = ring as Place<T>;
    ring.after = ring as Place<T>;
    this.#ring = ring as Place<T>;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a member at the end; what it returns takes it off again, once. */
  add(item: T): () => void {
    const ring = this.#ring;
    const place: Place<T> = { item, before: ring.before, after: ring };
    ring.before.after = place;
    ring.before = place;
    this.#size++;
    return () => this.#remove(place);
  }

  /** The member that came first. */
  get first(): T | undefined {
    return this.#ring.after.item;
  }

  /** The member that came last. */
  get last(): T | undefined {
    return this.#ring.before.item;
  }

  /** All members, in order of arrival, as they are now. */
  all(): T[] {
    const items: T[] = [];
    for (let place = this.#ring.after; place !== this.#ring; place = place.after) items.push(place.item as T);
    return items;
  }

  #remove(place: Place<T>): void {
    if (place.item === undefined) return;
    place.before.after = place.after;
    place.after.before = place.before;
    place.item = undefined;
    place.before = place;
    place.after = place;
    this.#size--;
  }
}
