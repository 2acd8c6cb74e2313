import type { Event } from '../../src/core/events.ts';
import { type PlayedBackEnd, playBackEnd } from '../kit/wire.ts';
import { configFor, type Started, startGateway } from '../start.ts';

type Keys = Readonly<Record<string, unknown>>;

/** A gateway that lets things through to a back-end that the test plays. */
export interface Stage {
  readonly backEnd: PlayedBackEnd;
  readonly gateway: Started;
  readonly events: Event[];
  close(): Promise<void>;
}

export const setStage = async (passthrough: Keys | boolean = true, app: Keys = {}, root: Keys = {}): Promise<Stage> => {
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
