import { afterEach, beforeEach } from 'node:test';
import type { Code } from '../../src/core/errors.ts';
import type { Event } from '../../src/core/events.ts';
import { createFaultServer, type FaultServer } from '../fault-server.ts';
import { configFor, type Started, startGateway } from '../start.ts';

/** Those of the test that runs. */
export let backEnd: FaultServer;
export let gateway: Started;
/** Why requests and connections were rejected, in order. */
export let rejected: Code[];

beforeEach(async () => {
  backEnd = await createFaultServer();
  rejected = [];
});
afterEach(async () => {
  await gateway.close();
  await backEnd.close();
});

/** Starts a gateway before the back-end; `limits` are those of the configuration. */
export const serveWithin = async (limits: object, app: Readonly<Record<string, unknown>> = {}): Promise<void> => {
  const listener = (event: Event) => void (event.type === 'rejected' && rejected.push(event.code));
  gateway = await startGateway(configFor([backEnd.url], app, { limits }), { listener });
};
