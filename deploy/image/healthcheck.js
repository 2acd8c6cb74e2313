// Ends with 0 if the gateway's process lives, else with 1: for the health check of an image that has no shell.
import { get } from 'node:http';

const { BREAKWATER_ADMIN_URL = 'http://127.0.0.1:9090' } = process.env;
const [, socketPath] = /^unix:(.+)$/.exec(BREAKWATER_ADMIN_URL) ?? [];
const url = new URL('/healthz', socketPath ? 'http://localhost' : BREAKWATER_ADMIN_URL);

process.exitCode = 1;
const request = get(url, { ...(socketPath && { socketPath }), signal: AbortSignal.timeout(2000) }, answer => {
  answer.resume();
  process.exitCode = answer.statusCode === 200 ? 0 : 1;
});
request.on('error', () => {});
