/** A request as it stood on the wire. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** Names and values in turn, as received. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** The value of the first header called `name`, in any case. */
export const header = (headers: readonly string[], name: string): string | undefined => {
  const wanted = name.toLowerCase();
  for (let i = 0; i < headers.length; i += 2) if (headers[i]?.toLowerCase() === wanted) return headers[i + 1];
  return undefined;
};

/** Splits header lines, without the first line, into names and values in turn. */
export const parseHeaders = (lines: readonly string[]): string[] =>
  lines.flatMap(line => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });

/** A body's bytes and where it ends, or undefined while some are missing. */
type Sized = { readonly body: Buffer; readonly end: number } | undefined;

/** Reads a chunked body that begins at `from`; trailers are skipped. Throws on a size that is no number. */
export const readChunks = (bytes: Buffer, from: number): Sized => {
  const chunks: Buffer[] = [];
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error('a chunk size is no number');
    at = lineEnd + 2 + size;
    if (size === 0) return endOfTrailers(bytes, lineEnd, chunks);
    if (bytes.length < at + 2) return undefined;
    chunks.push(bytes.subarray(lineEnd + 2, at));
    at += 2;
  }
};

const endOfTrailers = (bytes: Buffer, lastSizeEnd: number, chunks: Buffer[]): Sized => {
  const end = bytes.indexOf('\r\n\r\n', lastSizeEnd);
  return end < 0 ? undefined : { body: Buffer.concat(chunks), end: end + 4 };
};

const readBody = (bytes: Buffer, from: number, headers: readonly string[]): Sized => {
  if (header(headers, 'transfer-encoding')) return readChunks(bytes, from);
  const end = from + Number(header(headers, 'content-length') ?? 0);
  return bytes.length < end ? undefined : { body: Buffer.from(bytes.subarray(from, end)), end };
};

/** Cuts a byte stream into requests, however the bytes are split into packets. */
export class RequestReader {
  #pending: Buffer = Buffer.alloc(0);

  /** Takes more bytes; gives the requests that they complete. Throws if they are not HTTP. */
  push(bytes: Buffer): RawRequest[] {
    this.#pending = this.#pending.length > 0 ? Buffer.concat([this.#pending, bytes]) : bytes;
    const requests: RawRequest[] = [];
    for (let request = this.#next(); request; request = this.#next()) requests.push(request);
    return requests;
  }

  /** True while a request has begun and not ended. */
  get midRequest(): boolean {
    return this.#pending.length > 0;
  }

  #next(): RawRequest | undefined {
    const headEnd = this.#pending.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const [requestLine = '', ...lines] = this.#pending.toString('latin1', 0, headEnd).split('\r\n');
    const [method, target, version] = requestLine.split(' ');
    if (!method || !target || !version) throw new Error(`not a request line: ${requestLine}`);
    const headers = parseHeaders(lines);
    const sized = readBody(this.#pending, headEnd + 4, headers);
    if (!sized) return undefined;
    this.#pending = this.#pending.subarray(sized.end);
    return { method, target, version, headers, body: sized.body };
  }
}
