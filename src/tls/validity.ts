import type { Pair } from './pem.ts';

const DAY_MS = 86_400_000;
const SOON_MS = 14 * DAY_MS;
/** One that lives for days alone is to be renewed when this share of its life is left. */
const LAST_SHARE = 1 / 3;

type Life = Pick<Pair, 'begins' | 'ends'>;

const dateOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** Why a certificate does not hold now, if that is so. */
export const invalidity = ({ begins, ends }: Life): string | undefined => {
  const at = Date.now();
  if (at >= ends) return `has expired on ${dateOf(ends)}; renew it`;
  if (at < begins) return `holds from ${dateOf(begins)} only; look at the clock of this host, or at who made it`;
  return undefined;
};

/** What somebody should know of the time of a certificate: that it does not hold, or not for long. */
export const lifeDoubt = (life: Life): string | undefined => {
  const { begins, ends } = life;
  const leftMs = ends - Date.now();
  const isSoon = leftMs < Math.min(SOON_MS, (ends - begins) * LAST_SHARE);
  const ending = `expires on ${dateOf(ends)}, in ${Math.floor(leftMs / DAY_MS)} days; renew it`;
  return invalidity(life) ?? (isSoon ? ending : undefined);
};
