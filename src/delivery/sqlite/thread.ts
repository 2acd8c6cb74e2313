import type { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { now } from '../../core/clock.ts';
import type { JournalProblem } from '../journal.ts';
import { Batch, noRoom } from './batch.ts';
import { Sealer } from './content.ts';
import { cannotUse, fileNumber, isDamage, journalFile, lockFolder, prepareFolder } from './folder.ts';
import { Health } from './health.ts';
import { Ledger } from './ledger.ts';
import { openJournal, writeAnew } from './open.ts';
import type { Failure, FromThread, Request, ThreadData, ToThread } from './protocol.ts';
import { Reserve } from './reserve.ts';
import { setAside } from './set-aside.ts';

/** How often it is seen whether the file is still there. */
const LOOK_MS = 500;

/** The thread of a journal: the only one of this process that waits for its disk. */
class Thread {
  readonly #port: MessagePort;
  readonly #data: ThreadData;
  readonly #sealer: Sealer;
  #lock: DatabaseSync;
  readonly #health: Health;
  readonly #reserve: Reserve;
  #isClosing = false;
  #fileNumber: number | undefined;
  #lookedAt = now();
  #db: DatabaseSync;
  #ledger: Ledger;
  #batch: Batch;

  constructor(port: MessagePort, data: ThreadData) {
    this.#port = port;
    this.#data = data;
    this.#sealer = new Sealer(data.keys);
    const notes = prepareFolder(data.dir);
    this.#lock = lockFolder(data.dir);
    this.#post({ type: 'begun' });
    this.#health = new Health(data, problem => this.#tell(problem));
    this.#reserve = new Reserve(data);
    for (const message of notes) this.#tell({ code: 'files', message });
    [this.#db, this.#ledger, this.#batch] = this.#open();
    if (!this.#reserve.fill()) this.#health.fail(noRoom(data.dir));
    this.#health.see(this.#ledger.used);
  }

  /** Answers all that has come until now. */
  work(first: ToThread): void {
    const requests: Request[] = [];
    for (let message: ToThread | undefined = first; message; message = receiveMessageOnPort(this.#port)?.message) {
      if (message.type === 'close') this.#isClosing = true;
      else requests.push(...message.requests);
    }
    if (requests.length > 0) this.#answer(requests);
    if (this.#isClosing) this.#close();
  }

  /** A file that was removed or replaced goes on to take what is written, and takes it along when it is closed. */
  #look(): void {
    if (now() - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now();
    const { dir } = this.#data;
    if (fileNumber(dir) === this.#fileNumber) return;
    const message = `the journal in ${dir} was removed or replaced while it was in use; it is written anew, with all events`;
    this.#tell({ code: 'files', message });
    if (fileNumber(dir) !== undefined) setAside(journalFile(dir));
    this.#lock.close();
    prepareFolder(dir);
    this.#lock = lockFolder(dir);
    writeAnew(dir, this.#db);
    this.#reserve.fill();
    [this.#db, this.#ledger, this.#batch] = this.#open();
  }

  #open(damage?: string): [DatabaseSync, Ledger, Batch] {
    const db = openJournal(this.#data.dir, message => this.#tell({ code: 'files', message }), damage);
    this.#fileNumber = fileNumber(this.#data.dir);
    const unreadable = (why: string) =>
      this.#tell({
        code: 'files',
        message: `stored events cannot be read and are dead letters now: ${why}. Then \`breakwater events retry --all --state dead\``,
      });
    const ledger = new Ledger(db, { sealer: this.#sealer, maxBytes: this.#data.maxBytes }, unreadable);
    return [db, ledger, new Batch({ dir: this.#data.dir, db, ledger, reserve: this.#reserve })];
  }

  #answer(requests: readonly Request[]): void {
    this.#look();
    const { replies, error, isWell } = this.#run(requests);
    this.#post({ type: 'replies', replies });
    this.#health.judge(error, isWell, this.#ledger.used);
  }

  /** Damage that shows only now, in a large file or an index, may not show at a start. A second one ends this thread. */
  #run(requests: readonly Request[]) {
    try {
      return this.#batch.run(requests);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#db.close();
      [this.#db, this.#ledger, this.#batch] = this.#open((error as Error).message);
      return this.#batch.run(requests);
    }
  }

  #close(): void {
    this.#db.close();
    this.#lock.close();
    this.#port.close();
  }

  #tell(problem: JournalProblem): void {
    this.#post({ type: 'problem', problem });
  }

  #post(message: FromThread): void {
    this.#port.postMessage(message);
  }
}

const begin = (port: MessagePort): void => {
  try {
    const thread = new Thread(port, workerData as ThreadData);
    port.on('message', message => thread.work(message as ToThread));
    port.postMessage({ type: 'opened' } satisfies FromThread);
  } catch (error) {
    const failure: Failure = { code: 'failed', message: cannotUse((workerData as ThreadData).dir, error).message };
    port.postMessage({ type: 'unopened', failure } satisfies FromThread);
  }
};

if (parentPort) begin(parentPort);
