const END_OF_HEAD = '\r\n\r\n';

/** A POST's head without its last line break: request line, then field lines of token, colon and trimmed printable value. */
const HEAD =
  /^POST \/[!-~]* HTTP\/1\.1(?:\r\n[\w!#$%&'*+.^`|~-]+: ?[!-~\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[!-~\x80-\xff])?)+$/;

/** A request as node:http would tell it, with all of its body. */
export interface WholeRequest {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

const readFields = (lines: readonly string[]): string[] => {
  const fields: string[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string;
    const colon = line.indexOf(':');
    fields.push(line.slice(0, colon), line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1));
  }
  return fields;
};

/**
 * Reads `chunk` as a POST that begins with its first byte and whose body ends with its last, if it is written in the
 * plainest way (RFC 9112 §2, §3, §5, with nothing optional but the space behind a colon). Gives nothing otherwise, which
 * says nothing about the request: somebody else must look. That the body has the announced length, and that no field
 * asks for more than a plain exchange, is for the caller to see. `maxHeadBytes` bounds the head.
 */
export const readWhole = (chunk: Buffer, maxHeadBytes: number): WholeRequest | undefined => {
  const end = chunk.indexOf(END_OF_HEAD);
  if (end < 0 || end > maxHeadBytes) return undefined;
  const head = chunk.toString('latin1', 0, end);
  if (!HEAD.test(head)) return undefined;
  const lines = head.split('\r\n');
  const [method = '', url = ''] = (lines[0] as string).split(' ');
  return {
    method,
    url,
    httpVersion: '1.1',
    rawHeaders: readFields(lines),
    body: chunk.subarray(end + END_OF_HEAD.length),
  };
};
