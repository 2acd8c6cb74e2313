import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { Authority, type Files } from '../../test/kit/certificates.ts';
import { withoutTool } from '../../test/tools.ts';
import { renderEffective } from './effective.ts';
import { explainHook } from './explain-hook.ts';
import { type Loaded, parseConfig } from './load.ts';

const APP = { name: 'A', path: '/a', upstreams: ['https://10.0.0.1/a'] };

describe('the files of tls', { skip: withoutTool('openssl') }, () => {
  let authority: Authority;
  before(() => {
    authority = new Authority();
  });
  after(() => authority.remove());

  /** Paths count from the folder of the configuration. */
  const here = ({ cert, key }: Files) => ({ cert: basename(cert), key: basename(key) });

  const load = (root: object, app: object = {}): Loaded =>
    parseConfig(stringify({ ...root, apps: [{ ...APP, ...app }] }), { file: join(authority.dir, 'x.yaml'), env: {} });

  const problem = (root: object, app?: object): string => {
    try {
      load(root, app);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test('are found from the folder of the configuration, and come to what TLS needs', () => {
    const tls = { ...here(authority.issue('good')), clientCa: 'ca.pem' };
    const client = { ...here(authority.issue('client')), ca: 'ca.pem' };
    const { config, warnings } = load({ tls }, { tls: client });
    assert.equal(config.tls?.cert, join(authority.dir, 'good.pem'));
    assert.equal(config.tls?.clientCa, authority.file);
    const [app] = config.apps;
    assert.ok(app?.tls?.ca);
    assert.ok(app.tls.ca.equals(authority.pem));
    assert.ok((app.tls.client?.ends ?? 0) > Date.now());
    assert.deepEqual(warnings, []);
  });

  test('are told of where a key does not fit or asks for a password', () => {
    const [one, two] = [authority.issue('one'), authority.issue('two')];
    assert.match(
      problem({ tls: here({ cert: one.cert, key: two.key }) }),
      /tls\.key: .*two\.key is not the key of .*one\.pem/,
    );
    writeFileSync(two.key, '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n');
    assert.match(problem({}, { tls: here(two) }), /apps\[0\]\.tls\.key: .*cannot be read, or that asks for a password/);
  });

  test('are warned of where they expire soon, or have expired', () => {
    const warned = (wanted: { readonly begins?: number; readonly ends: number }): string =>
      load({ tls: here(authority.issue('timed', wanted)) })
        .warnings.map(({ path, message }) => `${path}: ${message}`)
        .join();
    assert.match(
      warned({ begins: -80, ends: 10 }),
      /^tls\.cert: timed\.pem expires on \d{4}-\d\d-\d\d .*, in 9 days; renew it$/,
    );
    assert.equal(warned({ begins: -80, ends: 20 }), '');
    // One that lives for a week is to be renewed after two thirds of it.
    assert.equal(warned({ begins: -1, ends: 6 }), '');
    assert.match(warned({ begins: -5, ends: 2 }), /expires on/);
    assert.match(warned({ begins: -5, ends: -1 }), /has expired on/);
  });

  test('are named by check and explain', () => {
    const root = { tls: { ...here(authority.issue('shown')), clientCa: 'ca.pem' }, trustedProxies: ['10.0.0.0/8'] };
    const loaded = load({ ...root, proxyProtocol: true }, { tls: { ca: 'ca.pem', serverName: 'app.example' } });
    const effective = renderEffective(loaded);
    for (const line of ['cert: shown.pem', 'clientCa: ca.pem', 'minVersion: TLSv1.2', 'serverName: app.example'])
      assert.ok(effective.includes(line), line);
    const [app] = loaded.draft.apps;
    assert.ok(app);
    const facts = new Map(
      explainHook(loaded, app, 'connect').map(({ name, value, from }) => [name, `${value} (${from})`]),
    );
    assert.match(facts.get('certificate') ?? '', /^of an authority in ca\.pem \(.*tls\.clientCa\)$/);
    assert.match(facts.get('tls') ?? '', /authorities in ca\.pem \(.*apps\[0\]\.tls\)$/);
    assert.match(facts.get('proxies') ?? '', /^10\.0\.0\.0\/8 /);
    assert.match(facts.get('PROXY header') ?? '', /on each connection/);
  });
});
