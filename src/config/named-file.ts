import { dirname, resolve } from 'node:path';

/** The whole path of a file that a configuration names: a relative one counts from the folder of the configuration. */
export const wholePath = (file: string, configFile: string): string => resolve(dirname(configFile), file);

/**
 * What is wrong with a file that a configuration names, by the error with which it was read, and for one that is not there
 * where it was looked for; `wanted` completes "write the path of".
 */
export const fileFault = (file: string, configFile: string, error: unknown, wanted: string): string => {
  const { message, cause } = error as Error;
  const isMissing = (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  const where = `, looked for at ${wholePath(file, configFile)}, as paths count from the folder of the configuration`;
  return `${file} ${message}${isMissing ? where : ''}; write the path of ${wanted}`;
};
