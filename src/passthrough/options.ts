import { z } from 'zod';
import { count, duration } from '../options/fields.ts';
import { RoutesOptions } from '../static/options.ts';

/** `passthrough`: how what is no hook goes to the upstreams. */
export const PassthroughOptions = z
  .strictObject({
    firstByte: duration().prefault('30s'),
    idle: duration().prefault('60s'),
    limit: z
      .union([z.literal(0), duration()])
      .meta({ description: 'a duration such as 10m, or 0 for none' })
      .prefault(0),
    upgrades: count(0).default(1000),
    routes: RoutesOptions.prefault({}),
  })
  .meta({ description: 'keys of what passes through' });
export type PassthroughOptions = z.output<typeof PassthroughOptions>;
