import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Authority } from '../../../test/kit/certificates.ts';
import { withoutTool } from '../../../test/tools.ts';
import type { Outcome } from './tally.ts';
import { hookAt } from './traffic.ts';
import { createAgent, post } from './wcs.ts';

const HOOK = hookAt(0, { seconds: 5, rate: 1, nodeId: 'node' });

describe('the simulated WCS before a gateway that speaks TLS', { skip: withoutTool('openssl') }, () => {
  let authority: Authority;
  let target: string;
  const server = createServer((request, response) => request.pipe(response));

  before(async () => {
    authority = new Authority();
    const { cert, key } = authority.issue('gateway');
    server.setSecureContext({ cert: readFileSync(cert), key: readFileSync(key) });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    target = `https://127.0.0.1:${(server.address() as AddressInfo).port}/app`;
  });
  after(() => {
    server.close();
    authority.remove();
  });

  const send = async (url: string, ca?: Buffer): Promise<Outcome> => {
    const agent = createAgent(url, ca);
    try {
      return await post(url, HOOK, agent);
    } finally {
      agent.destroy();
    }
  };

  test('gets its answer if it is told whose certificates to believe', async () => {
    const { end, status } = await send(target, authority.pem);
    assert.deepEqual([end, status], ['answered', 200]);
  });

  test('gets none otherwise, says why and what to do, and no variable of Node makes it careless', async () => {
    const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      const { end, problem = '' } = await send(target);
      assert.equal(end, 'failed');
      assert.match(problem, /comes from no authority that is trusted here \(\w+\); name the right one by --ca FILE/);
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });

  test('says what the system has to say where nobody listens', async () => {
    assert.match((await send('http://127.0.0.1:1')).problem ?? '', /ECONNREFUSED/);
  });
});
