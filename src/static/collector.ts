/** What the object of a chunk takes beside its bytes; rounded up. A body may come byte by byte. */
const CHUNK_BYTES = 256;

/** So many bytes may be gathered at a time, of all answers that are passing; the one that takes longest gives way. */
export class Room {
  held = 0;
  readonly #most: number;
  /** In the order in which they came. */
  readonly #collectors = new Set<Collector>();

  constructor(most: number) {
    this.#most = most;
  }

  enter(collector: Collector): void {
    this.#collectors.add(collector);
  }

  /** Those that gather now. */
  get collectors(): Iterable<Collector> {
    return this.#collectors;
  }

  /** Gives `taker` room for so many bytes more, at the cost of the others; false if there is not as much. */
  take(bytes: number, taker: Collector): boolean {
    for (const collector of this.#collectors) {
      if (this.held + bytes <= this.#most) break;
      if (collector !== taker) collector.drop();
    }
    if (this.held + bytes > this.#most) return false;
    this.held += bytes;
    return true;
  }

  leave(collector: Collector, bytes: number): void {
    this.#collectors.delete(collector);
    this.held -= bytes;
  }
}

/**
 * Gathers the body of one answer while it passes; it holds on to the chunks themselves and delays nothing. As long as it is
 * the same as the body before it, which is the rule, it holds nothing. Where it grows too large, or others need the room, it
 * gives up and lets go of what it has.
 */
export class Collector {
  /** What it gathers an answer of. */
  readonly resource: string;
  readonly #room: Room;
  readonly #most: number;
  /** The body before this one, and how much of it has come again. */
  #before: Buffer | undefined;
  #same = 0;
  #chunks: Buffer[] | undefined = [];
  #bytes = 0;
  /** The bytes with what their chunks take. */
  #held = 0;

  constructor(room: Room, most: number, resource: string, before?: Buffer) {
    this.#room = room;
    this.#most = most;
    this.resource = resource;
    this.#before = before;
    room.enter(this);
  }

  add(chunk: Buffer): void {
    if (!this.#chunks || this.#isSame(chunk)) return;
    this.#differ();
    this.#gather(chunk);
  }

  #isSame(chunk: Buffer): boolean {
    const end = this.#same + chunk.length;
    if (!this.#before || end > this.#before.length || chunk.compare(this.#before, this.#same, end) !== 0) return false;
    this.#same = end;
    return true;
  }

  /** From here on it is another body. */
  #differ(): void {
    const before = this.#before;
    this.#before = undefined;
    if (before && this.#same > 0) this.#gather(before.subarray(0, this.#same));
  }

  #gather(chunk: Buffer): void {
    const bytes = chunk.length + CHUNK_BYTES;
    if (!this.#chunks) return;
    if (this.#bytes + chunk.length <= this.#most && this.#room.take(bytes, this)) this.#hold(chunk, bytes);
    else this.drop();
  }

  #hold(chunk: Buffer, bytes: number): void {
    this.#chunks?.push(chunk);
    this.#bytes += chunk.length;
    this.#held += bytes;
  }

  /** The body in memory of its own, or nothing if it was given up. To be called once, instead of `drop`. */
  take(): Buffer | undefined {
    const before = this.#before;
    if (before?.length === this.#same) {
      this.drop();
      return before;
    }
    this.#differ();
    if (!this.#chunks) return undefined;
    // From a pool, a small body would hold on to what surrounds it.
    const body = Buffer.allocUnsafeSlow(this.#bytes);
    let at = 0;
    for (const chunk of this.#chunks) at += chunk.copy(body, at);
    this.drop();
    return body;
  }

  /** Lets go of what it has. */
  drop(): void {
    if (!this.#chunks) return;
    this.#before = undefined;
    this.#chunks = undefined;
    this.#room.leave(this, this.#held);
    this.#held = 0;
  }
}
