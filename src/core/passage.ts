import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** What an answer on its way through begins with. */
export interface AnswerHead {
  readonly status: number;
  /** The reason phrase; empty where there is none. */
  readonly message: string;
  /** End-to-end fields, name and value in turn, `Content-Length` among them. */
  readonly headers: readonly string[];
  /** False where the body ends with its connection alone, so that its end cannot be told from a break. */
  readonly hasEnd: boolean;
}

/** Looks at an answer on its way through; it holds nothing up, and changes nothing but whether the answer may leave. */
export interface Tap {
  /** Told before anything is written. A GatewayError that it throws keeps the answer back: the call fails with it. */
  begin(head: AnswerHead): void;
  /** Told of each piece of the body. It may keep the bytes, and must not change them. */
  write(bytes: Buffer): void;
  /** `isWhole` is false where the answer broke off. Told once, and only after `begin` had let the answer leave. */
  end(isWhole: boolean): void;
}

/** A request whose bodies no layer holds: they pass between client and back-end as they come. */
export interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The path as it was asked for, without the query. */
  readonly path: string;
  /** What goes behind the upstream's own path, byte for byte, with the query. */
  readonly target: string;
  /** Protocols that the client offers to change to, in lower case; empty for a plain exchange. */
  readonly upgrade: readonly string[];
  /** True if the request has a body, be it an empty one. */
  readonly hasBody: boolean;
  /** True once the client may have seen a part of an answer. */
  readonly hasBegun: boolean;
  /** Bytes of the bodies so far, from and to the client. */
  bytesIn: number;
  bytesOut: number;
  /** How many upstreams were to be sent to: more than one where no connection to the others came about. */
  attempts: number;
  /** Set with the first byte of an answer: settles with its last one, and fails with a GatewayError if it broke off. */
  over: Promise<void> | undefined;
  /** Has the client send its body, if it waits for a word. */
  goOn(): void;
  /** Writes an informational answer (1xx), if the client can have one and none of its answer has left. */
  inform(status: number, headers: readonly string[]): void;
  /** Writes the head of an answer. Throws what node:http throws for a head that cannot be sent. */
  begin(head: AnswerHead, reason: 'status' | undefined): void;
  /** Breaks the client's connection in a way that no client takes for the end of an answer. */
  cut(): void;
  /** The answer is out, and the back-end wants no more of the body: what still comes is thrown away, but not for ever. */
  discard(): void;
  /** Writes a 101 and gives the client's connection away, with what has come on it already. */
  change(headers: readonly string[]): { readonly socket: Duplex; readonly early: Buffer };
}
