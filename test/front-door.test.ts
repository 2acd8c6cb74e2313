import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ERRORS } from '../src/core/errors.ts';
import { createFaultServer } from './fault-server.ts';
import { configFor, startGateway } from './start.ts';
import { requireTool, withoutTool } from './tools.ts';

const FOLDER = join(import.meta.dirname, 'vtc');
const cases = readdirSync(FOLDER).filter(file => file.endsWith('.vtc'));

/** A pattern for the JSON of a refusal; without quotes, which a macro of varnishtest cannot hold. */
const refusal = (code: string): string => `^..error.:..code.:.${code}.,.message.:.[^{}]+...$`;

const macros = (port: number): string[] => [
  `-Dgateway=127.0.0.1:${port}`,
  ...Object.keys(ERRORS).map(code => `-D${code}=${refusal(code)}`),
];

interface Failed {
  readonly stdout: string;
  readonly stderr: string;
}

describe('the front door', { skip: withoutTool('varnishtest'), concurrency: 4 }, () => {
  let varnishtest: string;
  before(() => {
    varnishtest = requireTool('varnishtest');
  });

  for (const file of cases) {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    const title = /^varnishtest "(.*)"$/m.exec(text)?.[1] ?? file;
    const expected = Number(/^# reaches the back-end: (\d+)$/m.exec(text)?.[1] ?? 0);

    test(`${file}: ${title}`, async () => {
      const backend = await createFaultServer();
      const limits = { body: '64KiB', headers: '16KiB' };
      const gateway = await startGateway(configFor([backend.url], { limit: '2s' }, { limits }));
      try {
        await promisify(execFile)(varnishtest, ['-t', '30', ...macros(gateway.port), join(FOLDER, file)]);
        assert.equal(backend.count, expected, 'requests that reached the back-end');
      } catch (error) {
        const { stdout = '', stderr = '' } = error as Partial<Failed>;
        assert.fail(`${(error as Error).message}\n${stdout}${stderr}`);
      } finally {
        await gateway.close();
        await backend.close();
      }
    });
  }
});
