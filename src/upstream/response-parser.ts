import { GatewayError } from '../core/errors.ts';
import { ChunkDecoder } from './chunk-decoder.ts';
import { EMPTY, joined } from './chunks.ts';

const MOST_HEAD_BYTES = 64 * 1024;
const START = 'HTTP/1.';
const END_OF_HEAD = '\r\n\r\n';

/** A whole head without its last line break: status line, then field lines of token, colon and printable value. */
const HEAD =
  /^HTTP\/1\.[01] [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?(?:\r\n[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*)*$/;
const LENGTH = /^\d{1,15}$/;
const KEEP_ALIVE = /(?:^|[\s,])timeout=(\d{1,6})/i;

const refuse = (what: string): never => {
  throw new GatewayError('body', `the upstream answered something that is not HTTP/1.1: ${what}`);
};

/** Fields of the head that say how to go on; they are not part of the answer. */
interface Framing {
  length: number | undefined;
  transferEncoding: string | undefined;
  connection: string;
  keepAlive: string;
}

type Read = (framing: Framing, value: string) => void;

const drop: Read = () => {};

const readLength: Read = (framing, value) => {
  if (!LENGTH.test(value)) refuse(`Content-Length ${JSON.stringify(value.slice(0, 40))}`);
  const length = Number(value);
  if (framing.length !== undefined && framing.length !== length) refuse('two lengths');
  framing.length = length;
};

const readTransferEncoding: Read = (framing, value) => {
  framing.transferEncoding = framing.transferEncoding === undefined ? value : `${framing.transferEncoding},${value}`;
};

const readConnection: Read = (framing, value) => {
  framing.connection += `,${value.toLowerCase()}`;
};

const readKeepAlive: Read = (framing, value) => {
  framing.keepAlive = value;
};

/** Hop-by-hop fields (RFC 9110 §7.6.1), and the length, which the next hop says anew. */
const FRAMING: ReadonlyMap<string, Read> = new Map([
  ['content-length', readLength],
  ['transfer-encoding', readTransferEncoding],
  ['connection', readConnection],
  ['keep-alive', readKeepAlive],
  ...['te', 'trailer', 'upgrade', 'proxy-connection', 'proxy-authenticate', 'proxy-authentication-info'].map(
    name => [name, drop] as const,
  ),
]);

/** What `Connection` may say without naming another field. */
const NAMES_NOTHING = /^(?:[\s,]|keep-alive|close)*$/;

type Stage = 'head' | 'length' | 'chunks' | 'until-close' | 'done';

/**
 * Reads one answer to a POST from the bytes of a connection, strictly: what two parsers could read in two ways is
 * refused, since the rest of the connection would belong to somebody else's answer (RFC 9112 §6, §7, §11.2).
 * Informational answers are passed over. Throws a GatewayError `body`.
 */
export class ResponseParser {
  readonly #maxBytes: number;
  #stage: Stage = 'head';
  #held: Buffer = EMPTY;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #length = 0;
  #decoder: ChunkDecoder | undefined = undefined;
  status = 0;
  /** End-to-end fields, name and value in turn. */
  headers: string[] = [];
  /** True if the connection may serve another call, once the answer is whole. */
  mayReuse = true;
  /** How long the other side keeps an idle connection, if it says so. */
  idleMs = Number.POSITIVE_INFINITY;

  /** `maxBytes` bounds the body. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True once a head was read. */
  get hasHead(): boolean {
    return this.#stage !== 'head';
  }

  get body(): Buffer {
    return joined(this.#chunks);
  }

  /** Takes what the connection brought; true when the answer is whole. */
  push(bytes: Buffer): boolean {
    let rest = bytes;
    while (this.#stage === 'head') {
      const after = this.#pushHead(rest);
      if (!after) return false;
      rest = after;
    }
    this.#pushBody(rest);
    return this.#stage === 'done';
  }

  /** Takes the end of the connection; true if that makes the answer whole. */
  end(): boolean {
    return this.#stage === 'until-close';
  }

  /** What follows the head, or nothing if it is not whole yet. */
  #pushHead(bytes: Buffer): Buffer | undefined {
    const held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const end = held.indexOf(END_OF_HEAD);
    if (end < 0) {
      const start = held.toString('latin1', 0, START.length);
      if (!START.startsWith(start)) refuse('no status line');
      if (held.length > MOST_HEAD_BYTES) refuse(`a head over ${MOST_HEAD_BYTES} bytes`);
      this.#held = held;
      return undefined;
    }
    this.#held = EMPTY;
    this.#readHead(held.toString('latin1', 0, end));
    return held.subarray(end + END_OF_HEAD.length);
  }

  #readHead(head: string): void {
    if (!HEAD.test(head)) refuse('a malformed head');
    const status = Number(head.slice(9, 12));
    if (status === 101) refuse('an upgrade that nobody asked for');
    if (status < 200) return;
    const framing: Framing = { length: undefined, transferEncoding: undefined, connection: '', keepAlive: '' };
    this.status = status;
    this.#readFields(head, framing);
    this.#begin(framing, head[7] === '1');
  }

  #readFields(head: string, framing: Framing): void {
    const lines = head.split('\r\n');
    for (let i = 1; i < lines.length; i++) {
      const line = lines[i] as string;
      const colon = line.indexOf(':');
      const name = line.slice(0, colon);
      const value = line.slice(colon + 1).trim();
      const read = FRAMING.get(name.toLowerCase());
      if (read) read(framing, value);
      else this.headers.push(name, value);
    }
    if (!NAMES_NOTHING.test(framing.connection)) this.#dropNamed(framing.connection);
  }

  #dropNamed(connection: string): void {
    const named = new Set(connection.split(',').map(token => token.trim()));
    const { headers } = this;
    this.headers = headers.filter((_, i) => !named.has((headers[i - (i % 2)] as string).toLowerCase()));
  }

  /** Finds out where the body ends (RFC 9112 §6.3). */
  #begin(framing: Framing, isHttp11: boolean): void {
    const { length, transferEncoding, connection, keepAlive } = framing;
    this.mayReuse = isHttp11 ? !connection.includes('close') : connection.includes('keep-alive');
    const seconds = KEEP_ALIVE.exec(keepAlive)?.[1];
    if (seconds !== undefined) this.idleMs = Number(seconds) * 1000;
    if (transferEncoding !== undefined) this.#beginChunks(transferEncoding, length, isHttp11);
    else if (this.status === 204 || this.status === 304) this.#stage = 'done';
    else if (length === undefined) this.#beginUntilClose();
    else this.#beginLength(length);
  }

  #beginChunks(transferEncoding: string, length: number | undefined, isHttp11: boolean): void {
    if (transferEncoding.toLowerCase() !== 'chunked' || !isHttp11) refuse('a transfer coding other than chunked');
    if (length !== undefined) refuse('both a length and chunks');
    this.#decoder = new ChunkDecoder();
    this.#stage = 'chunks';
  }

  #beginUntilClose(): void {
    this.mayReuse = false;
    this.#stage = 'until-close';
  }

  #beginLength(length: number): void {
    this.#checkSize(length);
    this.#length = length;
    this.#stage = length === 0 ? 'done' : 'length';
  }

  #pushBody(bytes: Buffer): void {
    if (this.#stage === 'done') this.#excess(bytes.length);
    else if (bytes.length === 0) return;
    else if (this.#stage === 'length') this.#pushLength(bytes);
    else if (this.#decoder) this.#pushChunks(this.#decoder, bytes);
    else this.#keep(bytes);
  }

  #pushLength(bytes: Buffer): void {
    const left = this.#length - this.#bytes;
    this.#keep(bytes.length > left ? bytes.subarray(0, left) : bytes);
    if (bytes.length >= left) this.#stage = 'done';
    this.#excess(bytes.length - left);
  }

  #pushChunks(decoder: ChunkDecoder, bytes: Buffer): void {
    for (const data of decoder.push(bytes)) this.#keep(data);
    if (!decoder.isDone) return;
    this.#stage = 'done';
    this.#excess(decoder.excess);
  }

  /** Bytes behind an answer belong to nobody: the answer stands, its connection ends. */
  #excess(count: number): void {
    if (count > 0) this.mayReuse = false;
  }

  #keep(bytes: Buffer): void {
    this.#bytes += bytes.length;
    this.#checkSize(this.#bytes);
    this.#chunks.push(bytes);
  }

  #checkSize(bytes: number): void {
    if (bytes > this.#maxBytes)
      throw new GatewayError('body', `the upstream answered more than ${this.#maxBytes} bytes`);
  }
}
