import type { ClientRequest, IncomingMessage } from 'node:http';
import { trailersOf } from './fields.ts';

/**
 * Sends a request's body on as it comes, and the trailers behind it, announced or not, if it comes in chunks; `heard` is told of
 * each piece. What is returned ends that: what is still to come is somebody else's then, and a pipe that ended later would hold
 * it up.
 */
export const sendBody = (
  request: IncomingMessage,
  upstream: ClientRequest,
  heard: (bytes: Buffer) => void,
): (() => void) => {
  const { trailer, 'transfer-encoding': coding } = request.headers;
  // http-proxy-3 drops it, as node:http throws for one without chunks.
  if (trailer !== undefined && coding !== undefined) upstream.setHeader('Trailer', trailer);
  // The head goes at once. flushHeaders would write bytes beyond ASCII as UTF-8, two each.
  upstream.write('', 'latin1');
  const finish = (): void => {
    upstream.addTrailers(trailersOf(request));
    upstream.end();
  };
  request.on('data', heard).once('end', finish).pipe(upstream, { end: false });
  return () => request.unpipe(upstream).off('data', heard).off('end', finish);
};
