import { after } from 'node:test';
import { journalContract } from '../../src/delivery/journal-contract.ts';
import type { Opened } from '../../src/delivery/journal-scene.ts';
import { cluster, type Layout, sentinel, standalone } from '../redis/layouts.ts';
import { closeServers } from '../redis/server.ts';
import { withoutTool } from '../tools.ts';
import { connect, type Instance, SAFE } from './use.ts';

/** A server that a busy machine leaves waiting is not to be taken for dead. */
const PATIENT_MS = 30_000;
const LAYOUTS = {
  standalone: () => standalone(SAFE),
  'a cluster': () => cluster(PATIENT_MS),
  'a Sentinel': () => sentinel(PATIENT_MS),
};
after(closeServers);

/** Opens an empty journal in a layout, which the first to ask has started. */
const openIn = (start: () => Promise<Layout>) => {
  let started: Promise<Layout> | undefined;
  return async (): Promise<Opened> => {
    started ??= start();
    const { url, servers } = await started;
    await Promise.all(servers.map(({ client }) => client.flushall().catch(() => {})));
    let instance: Instance = await connect(url);
    const reopen = async () => {
      await instance.journal.close();
      instance = await connect(url);
      return instance.journal;
    };
    return { journal: instance.journal, reopen };
  };
};

for (const [name, start] of Object.entries(LAYOUTS)) {
  journalContract(`Redis (${name})`, openIn(start), withoutTool('redis-server'));
}
