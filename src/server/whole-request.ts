const END_OF_HEAD = '\r\n\r\n';

/** A POST's head without its last line break: request line, then field lines of token, colon and trimmed printable value. */
const HEAD =
  /^POST \/[!-~]* HTTP\/1\.1(?:\r\n[\w!#$%&'*+.^`|~-]+: ?[!-~\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[!-~\x80-\xff])?)+$/;

/** Heads that are remembered: WCS has some forty hooks, and bodies of a hook have few lengths. */
const MOST_HEADS = 500;
/** Where each request is signed, or has a trace of its own, no head comes twice. */
const IS_UNIQUE = /\r\n(?:Authorization: ?WCS |traceparent:)/i;

/** The head of a request as node:http would tell it. */
export interface WholeHead {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
}

export interface WholeRequest<Asked> {
  /** What was made of the head. */
  readonly asked: Asked;
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

const readHead = (text: string): WholeHead | undefined => {
  if (!HEAD.test(text)) return undefined;
  const lines = text.split('\r\n');
  const [method = '', url = ''] = (lines[0] as string).split(' ');
  return { method, url, httpVersion: '1.1', rawHeaders: readFields(lines) };
};

/**
 * Makes what reads a chunk as a POST that begins with its first byte and whose body ends with its last, if it is
 * written in the plainest way (RFC 9112 §2, §3, §5, with nothing optional but the space behind a colon). It gives
 * nothing otherwise, which says nothing about the request: somebody else must look. That the body has the announced
 * length is for the caller to see. `understand` makes something of a head, or nothing if it is for somebody else; what
 * it makes is remembered, as most heads come again. `maxHeadBytes` bounds the head.
 */
export const createWholeReader = <Asked>(
  maxHeadBytes: number,
  understand: (head: WholeHead) => Asked | undefined,
): ((chunk: Buffer) => WholeRequest<Asked> | undefined) => {
  const known = new Map<string, Asked>();

  const learn = (text: string): Asked | undefined => {
    const head = readHead(text);
    const asked = head && understand(head);
    if (!asked || IS_UNIQUE.test(text)) return asked;
    if (known.size === MOST_HEADS) known.clear();
    known.set(text, asked);
    return asked;
  };

  return chunk => {
    const end = chunk.indexOf(END_OF_HEAD);
    if (end < 0 || end > maxHeadBytes) return undefined;
    const text = chunk.toString('latin1', 0, end);
    const asked = known.get(text) ?? learn(text);
    return asked && { asked, body: chunk.subarray(end + END_OF_HEAD.length) };
  };
};
