import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { check } from '../src/cli/check.ts';
import { explain } from '../src/cli/explain.ts';
import type { Status } from '../src/observability/status.ts';
import { createFaultServer, FAULTS, type Fault, type FaultServer, HEALTHY } from './fault-server.ts';
import { BreakwaterProcess } from './kit/breakwater-process.ts';
import { Canaries } from './kit/canaries.ts';
import { until } from './poll.ts';
import { rawCall } from './raw-call.ts';
import { compact, requests, samples } from './samples.ts';
import { APP } from './start.ts';
import { type HookAnswer, WcsClient } from './wcs-client.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'breakwater-canaries-'));
const HOOKS = requests();
const RESPONSES = samples().filter(({ part }) => part === 'response');
const CONNECT = JSON.parse(compact('connect.request.json').toString()) as object;

after(() => rmSync(FOLDER, { recursive: true }));

const REASONS = { silent: 'limit', stalls: 'limit', cut: 'reset', resets: 'reset', refused: 'refused' } as const;

/** All that a command writes. */
const written = async (command: typeof check, args: string[], env: Record<string, string>): Promise<string> => {
  let text = '';
  const stream = { write: (part: string) => (text += part) };
  await command(args, { stdout: stream, stderr: stream, env, cwd: FOLDER });
  return text;
};

/** What whoever begins to watch is told at once, with the last answers. */
const firstFrames = async (admin: string): Promise<string> => {
  const { body } = await fetch(`${admin}/status/stream`);
  assert.ok(body);
  let text = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (/^event: recent\ndata: .*\n$/m.test(text)) break;
  }
  return text;
};

/** A Redis that knows no command, and repeats what it was told, password and all. */
const createRudeRedis = async (): Promise<{ readonly server: Server; readonly port: number }> => {
  const server = createServer(socket => {
    socket.on('error', () => {});
    socket.on('data', bytes => {
      const args = bytes
        .toString('latin1')
        .split('\r\n')
        .filter(part => !/^[*$]/.test(part));
      const said = args.map(arg => `'${arg}'`).join(' ');
      socket.write(`-ERR unknown command '${args[0]}', with args beginning with: ${said}\r\n`);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port };
};

for (const body of ['redacted', 'none'] as const)
  describe(`no secret is written, with log.body ${body}`, () => {
    const canaries = new Canaries();
    const file = join(FOLDER, `${body}.yaml`);
    const secret = canaries.next();
    const env = { WCS_SECRET: secret, REDIS_PASSWORD: `${canaries.next()}?#`, ODD: canaries.next() };
    const password = canaries.next();
    let backEnd: FaultServer;
    let redis: Awaited<ReturnType<typeof createRudeRedis>>;
    let breakwater: BreakwaterProcess;
    let url = '';
    let admin = '';
    let wcs: WcsClient;
    /** What the gateway itself has answered. */
    let own = '';

    const config = (more: object = {}): object => ({
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      wcs: { secret: [`\${WCS_SECRET}`, canaries.next()] },
      cache: {
        redis: {
          url: `redis://user:\${REDIS_PASSWORD}@127.0.0.1:${redis.port}/0`,
          sentinelPassword: canaries.next(),
        },
      },
      log: { level: 'debug', body },
      apps: [
        {
          ...APP,
          upstreams: [backEnd.url + APP.path],
          limit: '400ms',
          breaker: { openFor: '500ms', maxOpenFor: '1s' },
          restUsername: 'wcs',
          restPassword: password,
          hooks: {
            OnMessageEvent: { fallback: [{ body: canaries.plant({ status: 'FAILED' }) }] },
            snapshot: { fallback: [{ echo: canaries.plant({}) }] },
            transfer: { fallback: [{ file: 'rung.json' }] },
          },
        },
      ],
      ...more,
    });
    const write = (text: string | object): void =>
      writeFileSync(file, typeof text === 'string' ? text : stringify(text));

    const sign = (bytes: Buffer): string =>
      `WCS ${canaries.also(createHmac('md5', secret).update(bytes).digest('hex'))}`;
    const basic = (word: string): string => `Basic ${canaries.also(Buffer.from(`wcs:${word}`).toString('base64'))}`;

    const bodies = new Map(HOOKS.map(({ file: name }) => [name, canaries.plant(JSON.parse(compact(name).toString()))]));

    const call = async (hook: string, bytes: Buffer, authorization: string): Promise<HookAnswer> => {
      const headers = {
        Authorization: authorization,
        Cookie: `session=${canaries.next()}`,
        'X-Api-Key': canaries.next(),
        'X-Auth-Token': canaries.next(),
      };
      const query = `?token=${canaries.next()}&aclAuth=${canaries.next()}`;
      const answer = await wcs.post(`${hook}${query}`, bytes, { headers });
      const { status, source } = answer;
      // What the back-end or a rung says may be as secret as the request; an error of the gateway's own may not.
      if (status >= 400 && ['unavailable', 'refused', ''].includes(source))
        own += `${JSON.stringify(answer.headers)} ${answer.body}\n`;
      return answer;
    };

    /** All samples at once, each with a signature of its own unless said otherwise. */
    const callAll = (authorizationOf: (bytes: Buffer) => string = sign): Promise<HookAnswer[]> =>
      Promise.all(
        HOOKS.map(({ hook, file: name }) => {
          const bytes = Buffer.from(JSON.stringify(bodies.get(name)));
          return call(hook, bytes, authorizationOf(bytes));
        }),
      );

    const hasDelivered = async (): Promise<boolean> => {
      const { events } = (await (await fetch(`${admin}/status`)).json()) as Status;
      return events.every(({ pending }) => pending === 0);
    };

    let lookedAt = 0;
    /** Looks at what is new in the log, and at a little of what is not. */
    const assertLog = (when: string): void => {
      const { written: log } = breakwater;
      assertNone(`log ${when}`, log.slice(Math.max(0, lookedAt - 1000)));
      lookedAt = log.length;
    };

    const assertNone = (what: string, text: string): void => assert.deepEqual(canaries.find(text), [], what);

    /** Everything that can be read of it now. */
    const look = async (when: string): Promise<void> => {
      for (const page of ['/metrics', '/status', '/healthz', '/readyz', '/', '/nothing']) {
        const answer = await fetch(`${admin}${page}`);
        assertNone(`${page} ${when}`, `${JSON.stringify([...answer.headers])} ${await answer.text()}`);
      }
      assertNone(`/status/stream ${when}`, await firstFrames(admin));
      const openMetrics = await fetch(`${admin}/metrics`, { headers: { Accept: 'application/openmetrics-text' } });
      assertNone(`/metrics ${when}`, await openMetrics.text());
      assertNone(`errors ${when}`, own);
      assertLog(when);
    };

    before(async () => {
      [backEnd, redis] = await Promise.all([createFaultServer(), createRudeRedis()]);
      writeFileSync(join(FOLDER, 'rung.json'), JSON.stringify(canaries.plant({})));
      write(config());
      breakwater = new BreakwaterProcess(file, env);
      const [, hooksAt = '', adminAt = ''] = await breakwater.says(/"listen":"([^"]+)","admin":"([^"]+)"/);
      url = hooksAt;
      admin = adminAt;
      wcs = new WcsClient({ url: url + APP.path });
    });

    after(async () => {
      wcs.close();
      await breakwater.stop();
      redis.server.close();
      await backEnd.close();
    });

    test('while all is well, whoever signs and whatever the back-end answers', async () => {
      // A machine that has much else to do may need longer than the limit at first.
      const answers = await until(
        async () => {
          const all = await callAll();
          return all.every(({ status }) => status === 200) ? all : undefined;
        },
        { what: '200 for each hook', deadlineMs: 15_000 },
      );
      assert.ok(canaries.find(answers?.[0]?.body.toString() ?? '').length > 0, 'the canaries are there to be seen');
      await callAll(() => basic(password));
      for (const { file: name, hook } of RESPONSES) {
        const answer = canaries.plant(JSON.parse(compact(name).toString()));
        const rules = { restClientConfig: { [hook]: { restOnError: 'WHATEVER', token: canaries.next() } } };
        await backEnd.setFault({ kind: 'healthy', body: JSON.stringify({ ...answer, ...rules }) });
        const bytes = Buffer.from(JSON.stringify(canaries.plant(CONNECT)));
        assert.equal((await call('connect', bytes, sign(bytes))).status, 200);
      }
      await backEnd.setFault(HEALTHY);
      await look('while all is well');
      if (body === 'redacted') assert.match(breakwater.written, /"request":".*\[redacted\]/);
      else assert.doesNotMatch(breakwater.written, /"request":/);
    });

    test('of requests that are refused at the door', async () => {
      await until(hasDelivered, { what: 'what was stored is delivered', deadlineMs: 15_000 });
      const before = backEnd.count;
      const wrong = await callAll(bytes => `WCS ${canaries.also(createHmac('md5', 'x').update(bytes).digest('hex'))}`);
      assert.deepEqual([...new Set(wrong.map(({ status }) => status))], [403]);
      for (const authorization of [basic(canaries.next()), `Bearer ${canaries.next()}`, canaries.next(), ''])
        await callAll(() => authorization);
      assert.equal(backEnd.count, before);
      const port = Number(new URL(url).port);
      for (const bytes of [
        `Authorization: ${canaries.next()}\r\n\r\n`,
        `POST /?token=${canaries.next()} HTTP/1.1\r\nAuthorization: ${canaries.next()}\r\n\r\n`,
        `POST ${APP.path}/connect HTTP/1.1\r\nHost: a\r\nAuthorization ${canaries.next()}\r\n\r\n`,
        `POST ${APP.path}/connect HTTP/1.1\r\nHost: u:${canaries.next()}@h\r\nContent-Length: 2\r\n\r\n{}`,
        `POST /x/token=${canaries.next()}/connect HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}`,
        `POST /x?token=${canaries.next()} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}`,
        `POST ${APP.path}/connect HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{"token":"${canaries.next()}"}`,
        `POST ${APP.path}/connect HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n{"token":"${canaries.next()}"}`,
        `POST http://u:${canaries.next()}@h${APP.path}/connect HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}`,
      ])
        own += (await rawCall(port, bytes, { deadlineMs: 1500 })).bytes.toString('latin1');
      await look('at the door');
    });

    const BAD_JSON: Readonly<Record<string, () => string>> = {
      'cut off': () => `{"token":"${canaries.next()}`,
      'no object': () => `["${canaries.next()}"]`,
      'a form': () => `token=${canaries.next()}&password=${canaries.next()}`,
      rubbish: () => `{"token":${canaries.next()}}`,
      'the wrong bytes': () => `{"token":"${canaries.next()}\xff"}`,
    };

    const pages = (): Fault[] => {
      const page = `<html>token=${canaries.next()} {"sipPassword":"${canaries.next()}"}</html>`;
      const json = JSON.stringify(canaries.plant({ error: { token: canaries.next() } }));
      return [
        { kind: 'healthy', status: 403, body: page, headers: ['X-Secret', canaries.next()] },
        { kind: 'healthy', status: 403, body: json },
        { kind: 'healthy', status: 404, body: page },
        { kind: 'healthy', body: page },
        { kind: 'healthy', status: 500, body: page },
        { kind: 'healthy', status: 500, body: json },
        { kind: 'raw', bytes: `HTTP/1.1 ${canaries.next()}\r\n\r\n`, ending: 'end' },
        { kind: 'raw', bytes: `HTTP/1.1 200 OK\r\nX-Token ${canaries.next()}\r\n\r\n`, ending: 'end' },
        { kind: 'raw', bytes: `${canaries.next()}\r\n\r\n`, ending: 'reset' },
      ];
    };

    test('of bodies that are no JSON, and of pages that the back-end shows', async () => {
      const badBodies = () =>
        Promise.all(
          Object.values(BAD_JSON).map(make => {
            const bytes = Buffer.from(make(), 'latin1');
            return call('connect', bytes, sign(bytes));
          }),
        );
      await badBodies();
      for (const page of pages()) {
        await backEnd.setFault(page);
        await callAll();
        await badBodies();
      }
      await recover();
      await look('of bad bodies');
    });

    /** The back-end is well again, and no breaker open. */
    const recover = async (): Promise<void> => {
      await backEnd.setFault(HEALTHY);
      await until(async () => (await callAll()).every(({ source }) => source === 'upstream'), {
        what: 'the back-end to be used again',
        deadlineMs: 30_000,
        everyMs: 100,
      });
    };

    for (const fault of ['silent', 'stalls', 'cut', 'resets', 'refused'] as const)
      test(`while the back-end ${fault === 'refused' ? 'refuses' : `is at fault: ${fault}`}`, async () => {
        await recover();
        await backEnd.setFault(FAULTS[fault]);
        const answers = [...(await callAll()), ...(await callAll(() => basic(password)))];
        assert.equal(answers.length, 2 * HOOKS.length);
        assert.ok(
          answers.some(({ from }) => from.includes(`reason=${REASONS[fault]}`)),
          'the fault was met',
        );
        await look(`while ${fault}`);
      });

    test('from the cache, and while the breaker is open', async () => {
      await recover();
      await backEnd.setFault(FAULTS.refused);
      const until503 = async () => (await callAll()).some(({ from }) => from.includes('reason=breaker'));
      await until(until503, { what: 'the breaker to open' });
      const sources = new Set((await callAll(() => basic(password))).map(({ source }) => source));
      for (const source of ['default', 'echo', 'unavailable']) assert.ok(sources.has(source), [...sources].join());
      await look('while the breaker is open');
    });

    /** Files that are wrong, each with secrets in it or near what is wrong. */
    const badFiles = (): string[] => {
      const c = () => canaries.next();
      const plain = { ...APP, upstreams: [backEnd.url], restUsername: 'wcs', restPassword: c() };
      const good = stringify(config({ apps: [plain] }));
      const wrong: object[] = [
        { wcs: [{ secret: c() }] },
        { wcs: { secret: { value: c() } } },
        { wcs: { secret: [[c()]] } },
        { wcs: { secret: c(), sercet: c() } },
        { wcs: { secret: `\${${c()}!}` } },
        { wcs: { secret: `a\${b c${c()}` } },
        { cache: { redis: `redis://u:${c()}@h` } },
        { cache: { redis: { url: `redis://u:${c()}/${c()}@h` } } },
        { cache: { redis: { url: `http://u:${c()}@h`, password: c() } } },
        { cache: { redis: { url: `redis://:\${ODD}@h:99999` } } },
        { cache: { redis: { url: 'redis://h', sentinelPassword: [c()] } } },
        { apps: [{ ...APP, upstreams: [`http://u:${c()}@h/`] }] },
        { apps: [{ ...APP, upstreams: [`http://u:p/${c()}@h/`, `u:${c()}@h`] }] },
        { apps: [{ ...APP, upstreams: ['http://h/'], restPassword: c() }] },
        { apps: [{ ...APP, upstreams: ['http://h/'], restUsername: 'a', restPassword: [c()], restPasword: c() }] },
        { apps: [{ ...APP, upstreams: ['http://h/'], fallback: [{ body: canaries.plant({}), fiel: 1 }] }] },
        { apps: [{ ...APP, upstreams: ['http://h/'], fallback: { body: canaries.plant({}) } }] },
        { apps: [{ ...APP, upstreams: ['http://h/'], fallback: [{ file: 'bad.json' }] }] },
        { wcs: { secret: `\${NOT_SET}` } },
      ];
      writeFileSync(join(FOLDER, 'bad.json'), `{"token":${c()}}`);
      return [
        ...wrong.map(more => stringify(config({ apps: [plain], ...more }))),
        `${good}\nwcs:\n  secret: ${c()}\n`,
        `${good}x: *${c()}\n`.replace('x: *', 'defaults: *x # '),
        `wcs: { secret: *${c()} }\n${good.replace(/^wcs:$/m, 'w:')}`,
        `wcs:\n  secret: "${c()}\n`,
        `wcs:\n  secret: ${c()}: ${c()}\n`,
        `wcs:\n  secret: |${c()}\n    a\n`,
        `wcs:\n  secret: @${c()}\n`,
        `wcs:\n  secret: !${c()} x\n`,
        `wcs:\n  secret: [${c()}\n`,
        `wcs:\n  secret: "a" ${c()}\n`,
      ];
    };

    test('by a reload, be the file good or bad, and by check and explain', async () => {
      // What becomes of a bad file does not depend on log.body.
      const files = badFiles().slice(0, body === 'redacted' ? undefined : 3);
      for (const text of files) {
        write(text);
        const [said] = await breakwater.reload();
        assert.match(said, /refused/, text);
        assertNone(`check of\n${text}`, await written(check, ['--config', file], env));
        assertNone(`status after\n${text}`, await (await fetch(`${admin}/status`)).text());
        assertLog(`after reload of\n${text}`);
      }
      write(files[0] ?? '');
      assertNone('explain', await written(explain, [APP.name, 'connect', '--config', file], env));
      write(config());
      const [said] = await breakwater.reload();
      assert.match(said, /the new/);
      const checked = await written(check, ['--config', file], env);
      assert.match(checked, /restPassword: "\*\*\*"/);
      assertNone('check', checked);
      for (const hook of ['connect', 'transfer', 'snapshot', 'OnMessageEvent', 'unheardOf'])
        assertNone('explain', await written(explain, [APP.name, hook, '--config', file], env));
      await look('after reloads');
    });

    test('at the end', async t => {
      await backEnd.setFault(FAULTS.silent);
      backEnd.reset();
      const last = callAll();
      await until(() => backEnd.count > 0, { what: 'calls in flight' });
      assert.equal((await Promise.all([breakwater.stop(), last]))[0], 0);
      assertNone('all that was written', breakwater.written);
      assertNone('all errors', own);
      assert.match(breakwater.written, /ERR unknown command 'auth'/i);
      const { planted, greps, bytes } = canaries;
      t.diagnostic(`${planted} canaries planted, ${greps} texts of ${bytes} characters in all looked through, 0 found`);
    });
  });
