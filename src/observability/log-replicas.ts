import type { Logger } from 'pino';
import type { Event } from '../core/events.ts';
import { shownUpstream } from './counts.ts';

type Of<Type extends Event['type']> = Extract<Event, { readonly type: Type }>;

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

const logEjected = (logger: Logger, { app, upstream, reason, detail, forMs }: Of<'ejected'>): void => {
  const time = forMs === undefined ? 'until its health check finds it well' : `for ${seconds(forMs)}`;
  logger.warn(
    { app, upstream: shownUpstream(upstream), reason, detail, forMs },
    `upstream left out ${time}: ${detail}; the others of ${app} get its calls; with none left, those left out are asked`,
  );
};

const logReturned = (logger: Logger, { app, upstream, slowStartMs, isReplaced }: Of<'returned'>): void => {
  const how = isReplaced
    ? `calls to ${app} begin anew after the reload`
    : `its share of the calls to ${app} grows over ${seconds(slowStartMs)}`;
  logger.info({ app, upstream: shownUpstream(upstream) }, `upstream back: ${how}`);
};

const logDns = (logger: Logger, { host, is, isNews, known, detail }: Of<'dns'>): void => {
  if (!isNews) return;
  const fields = { host, known, detail };
  if (is === 'failed') {
    const meaning =
      known > 0
        ? `the last known addresses (${known}) are used, and WCS notices nothing`
        : 'none is known, so without another upstream WCS gets the next rung';
    logger.warn(fields, `dns: no answer for ${host} (${detail}); ${meaning}`);
  } else if (is === 'found') logger.info(fields, `dns: there is an answer for ${host} again: ${detail}`);
  else logger.info(fields, `dns: other addresses for ${host}, and calls go there from now on: ${detail}`);
};

/** Lines on which of several upstreams get calls, and where their names lead. */
export const logReplica = (logger: Logger, event: Of<'ejected' | 'returned' | 'dns'>): void => {
  if (event.type === 'ejected') logEjected(logger, event);
  else if (event.type === 'returned') logReturned(logger, event);
  else logDns(logger, event);
};
