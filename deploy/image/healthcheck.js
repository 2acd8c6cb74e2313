// Ends with 0 if the gateway's process lives, else with 1: for the health check of an image that has no shell.
const { BREAKWATER_ADMIN_URL = 'http://127.0.0.1:9090' } = process.env;
const answer = await fetch(new URL('/healthz', BREAKWATER_ADMIN_URL), { signal: AbortSignal.timeout(2000) }).catch(
  () => undefined,
);
process.exitCode = answer?.ok ? 0 : 1;
