import { z } from 'zod';
import { PRIORITIES, type Priority } from '../core/call.ts';
import type { Hook } from './catalogue.ts';

/** `priority`: which calls go first where there is not room for all. */
export const PriorityOption = z.enum(['auto', ...PRIORITIES]);
export type PriorityOption = z.output<typeof PriorityOption>;

/** What `option` comes to for a hook: by itself, whoever waits for a verdict goes before what has happened already. */
export const priorityOf = ({ kind }: Pick<Hook, 'kind'>, option: PriorityOption): Priority => {
  if (option !== 'auto') return option;
  return kind === 'notification' ? 'normal' : 'high';
};
