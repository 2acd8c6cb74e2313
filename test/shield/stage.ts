import { afterEach } from 'node:test';
import type { Event } from '../../src/core/events.ts';
import { dial, type PlayedBackEnd, playBackEnd, type Wire } from '../kit/wire.ts';
import { configFor, type Started, startGateway } from '../start.ts';

type Keys = Readonly<Record<string, unknown>>;

/** A gateway that lets things through to a back-end that the test plays. */
interface Stage {
  readonly backEnd: PlayedBackEnd;
  readonly gateway: Started;
  readonly events: Event[];
  close(): Promise<void>;
}

const setStage = async (passthrough: Keys | boolean = true, app: Keys = {}, root: Keys = {}): Promise<Stage> => {
  const backEnd = await playBackEnd();
  const events: Event[] = [];
  const config = configFor([backEnd.url], { passthrough, ...app }, root);
  const gateway = await startGateway(config, { listener: event => void events.push(event) });
  return {
    backEnd,
    gateway,
    events,
    close: async () => {
      await gateway.close();
      backEnd.close();
    },
  };
};

/** The one of the test that runs. */
export let stage: Stage;
const clients: Wire[] = [];

/** Sets the stage of a test; it is struck when the test has ended. */
export const serve = async (...keys: Parameters<typeof setStage>): Promise<void> => {
  stage = await setStage(...keys);
};

/** A connection to the gateway, until the test has ended. */
export const client = (): Wire => {
  const wire = dial(stage.gateway.port);
  clients.push(wire);
  return wire;
};

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await stage.close();
});
