import { BASICS } from './redis-script-basics.ts';
import { DELIVERY } from './redis-script-delivery.ts';
import { OPERATION } from './redis-script-operation.ts';
import { STORING } from './redis-script-storing.ts';

const START = `
if A[1] ~= 'append' then evenIfFull() end
return does[A[1]]()
`;

/**
 * The journal inside Redis: one script, loaded once, whose first argument names what is to be done. All names begin with
 * KEYS[1], which holds a hash tag, so that a cluster keeps them on one node. They are:
 *
 * | name             | kind | what                                                                                 |
 * |------------------|------|--------------------------------------------------------------------------------------|
 * | `event:<id>`     | hash | all of an event; `state` is new, held, leased, again or dead, `due` when that ends     |
 * | `order`          | zset | all pending events by name: lane, number of storing, id; the first of a lane leads it |
 * | `due:<app>`      | zset | lanes with something pending by the `due` of the event that leads them                |
 * | `again:<app>`    | zset | ids of events that wait for a later attempt, by `due`                                 |
 * | `expiry:<app>`   | zset | ids of pending events by when they expire; a leased one not before its lease ends      |
 * | `pending:<app>`  | zset | ids by number of storing                                                              |
 * | `dead:<app>`     | zset | the same of those given up                                                            |
 * | `died:<app>`     | zset | the same by when they were given up                                                  |
 * | `received:<app>` | zset | ids of pending events by when they came in                                            |
 * | `apps`           | hash | bytes of each app that has events                                                     |
 * | `bytes`, `seq`   | text | bytes of all; the number of the last storing                                          |
 * | `owners`         | zset | instances by when they count as dead unless they are heard of                         |
 * | `held:<owner>`   | set  | ids that an instance holds or leases                                                  |
 * | `ended`          | hash | `how app` of what ended without a delivery, and how many, until somebody asks          |
 * | `fence:<owner>`  | text | the generation of an instance, see `append`; kept for an hour                         |
 *
 * Time is that of Redis. Work of one call is bounded, since Redis does nothing else meanwhile. It takes
 * KEYS[1], a verb, and what the verb wants.
 */
export const JOURNAL_SCRIPT = [BASICS, STORING, DELIVERY, OPERATION, START].join('');
