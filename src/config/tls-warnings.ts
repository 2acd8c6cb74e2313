import { backedOf, type Draft, type DraftBacked, originOf } from './draft.ts';
import type { Finding } from './validate.ts';

/** How upstreams are spoken to, where that is weaker than is probably meant. */
export const tlsDoubts = (draft: Draft): readonly Finding[] =>
  backedOf(draft).flatMap(backed => [...insecure(backed), ...idle(backed, draft.apps)]);

const insecure = ({ layers, options: { tls } }: DraftBacked): readonly Finding[] => {
  if (!tls?.insecure) return [];
  const message = 'believes whoever answers that it is the back-end, and so lets in whom that lets in';
  const path = originOf(layers.general, ['tls', 'insecure']) ?? [];
  return [{ path, message: `${message}; right only for a try, else write ca, or serverName` }];
};

const isSecure = ({ options }: DraftBacked): boolean => options.upstreams.some(url => url.startsWith('https:'));

const idle = (backed: DraftBacked, all: readonly DraftBacked[]): readonly Finding[] => {
  if (!backed.options.tls || isSecure(backed)) return [];
  const path = originOf(backed.layers.general, ['tls']) ?? [];
  // What holds for all apps is of use if it is for one.
  if (path[0] === 'defaults' && all.some(isSecure)) return [];
  return [
    { path, message: 'is never used: no upstream that it is for begins with https; write https, or take tls out' },
  ];
};
