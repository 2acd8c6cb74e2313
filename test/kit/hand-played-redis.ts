import { EventEmitter } from 'node:events';
import type { RedisClient } from '../../src/store/redis-client.ts';

/** One command that reached the hand-played client, to be answered by the test. */
export interface PlayedCommand {
  readonly name: 'get' | 'set' | 'del' | 'select';
  readonly key: string;
  readonly text?: string;
  readonly keepForMs?: number;
  reply(reply?: string | null): void;
  /** Redis itself says no. */
  refuse(message: string): void;
  /** The connection goes. */
  lose(): void;
}

const refusal = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' });

/** A client whose commands the test answers by hand. Events are emitted as ioredis does. */
export class HandPlayedRedis extends EventEmitter implements RedisClient {
  status = 'connecting';
  isDisconnected = false;
  readonly commands: PlayedCommand[] = [];

  get(name: string): Promise<string | null> {
    return this.#play({ name: 'get', key: name });
  }

  set(name: string, text: string, _unit: 'PX', keepForMs: number): Promise<unknown> {
    return this.#play({ name: 'set', key: name, text, keepForMs });
  }

  del(name: string): Promise<unknown> {
    return this.#play({ name: 'del', key: name });
  }

  select(db: number): Promise<unknown> {
    return this.#play({ name: 'select', key: `${db}` });
  }

  disconnect(): void {
    this.isDisconnected = true;
    this.close();
  }

  /** Takes what came so far off the list. */
  taken(): PlayedCommand[] {
    return this.commands.splice(0);
  }

  ready(): void {
    this.status = 'ready';
    this.emit('ready');
  }

  close(): void {
    this.status = 'reconnecting';
    this.emit('close');
  }

  #play(command: Pick<PlayedCommand, 'name' | 'key' | 'text' | 'keepForMs'>): Promise<string | null> {
    return new Promise((resolve, reject) => {
      this.commands.push({
        ...command,
        reply: (reply = null) => resolve(reply),
        refuse: message => reject(refusal(message)),
        lose: () => reject(new Error('Connection is closed.')),
      });
    });
  }
}
