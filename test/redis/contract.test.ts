import { after } from 'node:test';
import { storeContract } from '../../src/store/store-contract.ts';
import { withoutTool } from '../tools.ts';
import { cluster, type Layout, sentinel, standalone, withTls, withUser } from './layouts.ts';
import { closeServers } from './server.ts';
import { createInstance, type Instance, tieredOver, untilUp } from './use.ts';

const LAYOUTS = {
  standalone,
  'an ACL user': withUser,
  TLS: withTls,
  'a cluster': () => cluster(),
  'a Sentinel': () => sentinel(),
};
const instances: Instance[] = [];
after(async () => {
  for (const instance of instances) instance.close();
  await closeServers();
});

/** Connects to a layout, which the first to ask has started. */
const connectTo = (start: () => Promise<Layout>) => {
  let started: Promise<Layout> | undefined;
  return async (): Promise<Instance> => {
    started ??= start();
    const layout = await started;
    const instance = createInstance(layout);
    instances.push(instance);
    await untilUp(instance, 20_000);
    await Promise.all(layout.servers.map(({ client }) => client.flushall().catch(() => {})));
    return instance;
  };
};

for (const [name, start] of Object.entries(LAYOUTS)) {
  const connect = connectTo(start);
  const skip = withoutTool('redis-server') || (start === withTls && withoutTool('openssl'));
  storeContract(`Redis (${name})`, async () => (await connect()).remote, skip);
  storeContract(`memory before Redis (${name})`, async () => tieredOver(await connect()), skip);
}
