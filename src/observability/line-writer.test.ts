import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createLineWriter, type LineWriterOptions } from './line-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'breakwater-log-'));
after(() => rmSync(folder, { recursive: true }));

const openFile = (name: string) => {
  const file = join(folder, name);
  return { file, fd: openSync(file, 'w') };
};

/** A pipe that holds 64 KiB and that nobody reads, unless the test does. */
const openPipe = (name: string): { fd: number; read(): string } => {
  const file = join(folder, name);
  execFileSync('mkfifo', [file]);
  const reader = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  const fd = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
  after(() => closeSync(reader));
  const chunk = Buffer.alloc(1 << 20);
  const read = () => {
    try {
      return chunk.toString('utf8', 0, readSync(reader, chunk));
    } catch {
      return '';
    }
  };
  return { fd, read };
};

const until = async (what: string, holds: () => boolean): Promise<void> => {
  const deadline = performance.now() + 5000;
  while (!holds()) {
    assert.ok(performance.now() < deadline, `waited 5 s for ${what}`);
    await wait(5);
  }
};

const open = (options: LineWriterOptions) => createLineWriter({ flushMs: 10, ...options });

test('lines arrive whole and in order, far beyond the size of the buffers', async () => {
  const { file, fd } = openFile('order');
  const writer = open({ fd, bufferBytes: 4096, flushBytes: 1024 });
  const lines = Array.from({ length: 5000 }, (_, at) => `{"at":${at},"text":"ä€😀"}\n`);
  let bytes = 0;
  for (const [at, line] of lines.entries()) {
    writer.write(line);
    bytes += Buffer.byteLength(line);
    if (at % 90 === 89) await until('what was written so far', () => statSync(file).size === bytes);
  }
  await writer.close();
  assert.equal(writer.dropped, 0);
  assert.equal(readFileSync(file, 'utf8'), lines.join(''));
});

test('a single line arrives without any other', async () => {
  const { file, fd } = openFile('single');
  const writer = open({ fd });
  writer.write('one\n');
  await until('the line', () => readFileSync(file, 'utf8') === 'one\n');
  await writer.close();
});

test('a reader who stalls costs lines, not time, and is told how many when there is room again', async () => {
  const { fd, read } = openPipe('stalled');
  const writer = open({ fd, bufferBytes: 16_384, flushBytes: 1024 });
  const line = `${'x'.repeat(1023)}\n`;
  for (let at = 0; at < 300; at++) {
    writer.write(line);
    await new Promise(setImmediate);
  }
  await until('a full pipe', () => writer.dropped > 0);
  const lost = writer.dropped;
  let text = '';
  await until('all that fitted', () => {
    text += read();
    return text.length >= (300 - lost) * 1024;
  });
  writer.write('last\n');
  await until('the last line', () => {
    text += read();
    return text.endsWith('last\n');
  });
  await writer.close();
  const told = Array.from(text.matchAll(/^\{"level":40,.*"lines":(\d+)\}$/gm), ([, lines]) => Number(lines));
  assert.equal(
    told.reduce((sum, lines) => sum + lines, 0),
    lost,
  );
  assert.ok(told.length < 10, `${told.length} lines tell of the loss`);
  assert.equal(text.split(line).length - 1, 300 - lost);
  assert.equal(writer.dropped, lost);
});

test('closing waits two seconds for a reader who stalls, and no longer', async () => {
  const { fd } = openPipe('never');
  const writer = open({ fd, bufferBytes: 131_072 });
  for (let at = 0; at < 200; at++) writer.write(`${'x'.repeat(1023)}\n`);
  const from = performance.now();
  await writer.close();
  const ms = performance.now() - from;
  assert.ok(ms > 1900 && ms < 8000, `${ms} ms`);
  assert.ok(writer.dropped > 0);
});

test('a reader who is gone, or a descriptor that is closed, loses lines and harms nobody', async () => {
  const file = join(folder, 'gone');
  execFileSync('mkfifo', [file]);
  const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = open({ fd: openSync(file, constants.O_WRONLY | constants.O_NONBLOCK) });
  closeSync(reader);
  writer.write('into a broken pipe\n');
  await until('the loss', () => writer.dropped === 1);
  writer.write('again\n');
  writer.flushSync();
  assert.ok(writer.dropped >= 2);
  await writer.close();
});

test('a line that no buffer holds is dropped and counted', async () => {
  const { file, fd } = openFile('large');
  const writer = open({ fd, bufferBytes: 1024 });
  writer.write('before\n');
  writer.write(`${'x'.repeat(2000)}\n`);
  writer.write('after\n');
  await writer.close();
  assert.equal(writer.dropped, 1);
  assert.match(readFileSync(file, 'utf8'), /^before\n\{.*"lines":1\}\nafter\n$/);
});

test('what comes after closing is dropped and counted', async () => {
  const { file, fd } = openFile('closed');
  const writer = open({ fd });
  await writer.close();
  writer.write('late\n');
  assert.equal(writer.dropped, 1);
  assert.equal(readFileSync(file, 'utf8'), '');
});

test('closing leaves no listener on the process', async () => {
  const before = process.listenerCount('exit');
  const writer = open({ fd: openFile('listener').fd });
  assert.equal(process.listenerCount('exit'), before + 1);
  await writer.close();
  assert.equal(process.listenerCount('exit'), before);
});

test('lines that wait when the process exits are written, however it exits', () => {
  const source = new URL('line-writer.ts', import.meta.url).href;
  for (const end of ['', 'process.exit(0)', 'throw new Error("end")']) {
    const script = `const { createLineWriter } = await import(${JSON.stringify(source)});
      createLineWriter({ fd: 1, flushMs: 60000 }).write('last words\\n');
      ${end}`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    assert.equal(stdout, 'last words\n', end);
  }
});
