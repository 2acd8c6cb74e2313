import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import type { Config } from '../../src/config/types.ts';
import { createFaultServer, type FaultServer, HEALTHY } from '../fault-server.ts';
import { compact } from '../samples.ts';
import { configFor, type Started, startGateway } from '../start.ts';
import { requireTool } from '../tools.ts';
import { WcsClient } from '../wcs-client.ts';

const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** A real Chromium with a new profile. */
export const launchBrowser = async (): Promise<{ readonly context: BrowserContext; close(): Promise<void> }> => {
  const profile = mkdtempSync(join(tmpdir(), 'breakwater-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: requireTool('chromium'),
    args: FLAGS,
    // The shell of the headless mode is another program, which Debian does not bring.
    ignoreDefaultArgs: ['--headless=old'],
  });
  const close = async (): Promise<void> => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, close };
};

/** The hooks that are called, with the pause between two calls of each. */
const TRAFFIC = [
  ['connect', 60],
  ['publishStream', 90],
  ['playStream', 45],
  ['StreamStatusEvent', 110],
  ['StreamKeepAliveEvent', 70],
] as const;

/** A back-end in good health, of which one answer in twenty takes longer. */
const WELL = { ...HEALTHY, delay: '50=4,30=7,15=12,4=30,1=70' } as const;
const BODIES: Readonly<Record<string, string>> = {
  connect: 'connect.request.json',
  publishStream: 'publishStream.request.json',
};

const bodyOf = (hook: string): Buffer => compact(BODIES[hook] ?? 'StreamStatusEvent.request.json');

/** A gateway, the back-end behind it and a WCS that goes on calling. */
export class PageScene {
  readonly backEnd: FaultServer;
  readonly started: Started;
  readonly #wcs: WcsClient;
  #timers: NodeJS.Timeout[] = [];

  constructor(backEnd: FaultServer, started: Started) {
    this.backEnd = backEnd;
    this.started = started;
    this.#wcs = new WcsClient({ url: started.url });
  }

  get adminUrl(): string {
    return this.started.breakwater.adminUrl;
  }

  /** Back-end as it is when all is well. */
  recover(): Promise<void> {
    return this.backEnd.setFault(WELL);
  }

  begin(): void {
    this.#timers = TRAFFIC.map(([hook, pauseMs]) => {
      const body = bodyOf(hook);
      return setInterval(() => void this.#wcs.post(hook, body).catch(() => {}), pauseMs);
    });
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#wcs.close();
    await this.started.close();
    await this.backEnd.close();
  }
}

/** Starts the three; whoever calls it closes the scene. */
export const createScene = async (change: (config: Config) => Config = config => config): Promise<PageScene> => {
  const backEnd = await createFaultServer();
  const hooks = { connect: { key: ['appKey'], fallback: ['cached', 'unavailable'] } };
  const config = configFor([backEnd.url], {
    hooks,
    limit: '2s',
    idempotent: ['connect', 'playStream'],
    breaker: { openFor: '2s', maxOpenFor: '3s' },
  });
  const scene = new PageScene(backEnd, await startGateway(change(config)));
  await scene.recover();
  scene.begin();
  return scene;
};
