/** Reads one setting of Redis; rejects if it does not tell. */
export type ReadSetting = (name: string) => Promise<string>;

interface Demand {
  readonly setting: string;
  readonly isMet: (value: string) => boolean;
  readonly remedy: string;
}

/**
 * What Redis must be set to for "acknowledged" to mean "outlives a power cut". With `appendfsync always` it replies to a
 * write after its fsync (https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/), so no WAITAOF is
 * needed, which would also hold up whatever comes behind it on the connection. Policies `volatile-…` only evict what
 * has a time to live, which no event has.
 */
const DEMANDS: readonly Demand[] = [
  { setting: 'appendonly', isMet: value => value === 'yes', remedy: 'set it to yes, or a restart loses all events' },
  {
    setting: 'appendfsync',
    isMet: value => value === 'always',
    remedy: 'set it to always, or a power cut loses events that were acknowledged',
  },
  {
    setting: 'no-appendfsync-on-rewrite',
    isMet: value => value === 'no',
    remedy: 'set it to no, or events are acknowledged before they are on disk while the file is rewritten',
  },
  {
    setting: 'maxmemory-policy',
    isMet: value => !value.startsWith('allkeys-'),
    remedy: 'set it to noeviction, or Redis drops events to make room',
  },
];

const doubtOf = async (read: ReadSetting, { setting, isMet, remedy }: Demand): Promise<string[]> => {
  try {
    const value = await read(setting);
    return isMet(value) ? [] : [`${setting} of redis is ${value}; ${remedy}`];
  } catch (error) {
    return [`${setting} of redis could not be checked (${(error as Error).message}); ${remedy}`];
  }
};

/** Why acknowledged events may be lost as Redis is set up; nothing if they may not. */
export const doubtsAbout = async (read: ReadSetting): Promise<readonly string[]> =>
  (await Promise.all(DEMANDS.map(demand => doubtOf(read, demand)))).flat();
