import { fork } from 'node:child_process';
import { once } from 'node:events';
import { stringify } from 'yaml';
import type { Measured } from './gateway-child.ts';

const CLOSE_MS = 10_000;

/** A gateway in a process of its own, so that neither the load nor the back-ends are measured with it. */
export interface GatewayProcess {
  /** Where hooks of EchoApp go. */
  readonly url: string;
  measure(): Promise<Measured>;
  /** Stops the gateway. False if its process did not end by itself: something is left open. */
  close(): Promise<boolean>;
}

const CHILD = new URL('./gateway-child.ts', import.meta.url);

/** Starts a gateway process; `config` is the object that the YAML would hold. */
export const startGatewayProcess = async (config: object): Promise<GatewayProcess> => {
  const text = stringify({ listen: '127.0.0.1:1', admin: '127.0.0.1:2', log: { level: 'silent' }, ...config });
  const child = fork(CHILD, [text], { execArgv: ['--expose-gc'] });
  const end = once(child, 'exit');
  const ask = async (): Promise<unknown> => {
    const first = await Promise.race([once(child, 'message'), end.then(() => undefined)]);
    if (first === undefined) throw new Error(`the gateway's process ended with code ${child.exitCode}`);
    return first[0];
  };
  const url = String(await ask());
  return {
    url,
    measure: () => {
      child.send('measure');
      return ask() as Promise<Measured>;
    },
    close: async () => {
      child.send('close');
      const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS);
      await end;
      clearTimeout(timer);
      return child.exitCode === 0;
    },
  };
};
