import type { App, Config } from '../config/types.ts';
import { CATALOGUE, findHook } from '../hooks/catalogue.ts';

/** Names of hooks that there may be, one that nobody knows among them. */
const NAMES = [...CATALOGUE.map(({ name }) => name), 'OtherEvent'];

const mayStore = (app: App, hook: string): boolean => {
  if (findHook(hook).decides !== 'never') return false;
  const { fallback, acknowledge } = app.settings(hook);
  return fallback === 'auto' || fallback.includes('store') || acknowledge === 'first';
};

/** True if a hook of some app may be stored, so that a journal is needed. */
export const storesEvents = ({ apps }: Config): boolean =>
  apps.some(app => [...NAMES, ...app.namedHooks].some(hook => mayStore(app, hook)));
