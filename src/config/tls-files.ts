import type { UpstreamTls } from '../options/tls.ts';
import { type ListenerTls, readAuthorities } from '../tls/listener.ts';
import { type Pair, PairError, type PairFiles, readPair } from '../tls/pem.ts';
import { lifeDoubt } from '../tls/validity.ts';
import { type Draft, type DraftBacked, originOf } from './draft.ts';
import { wholePath } from './named-file.ts';
import type { Path } from './problems.ts';
import type { Finding } from './validate.ts';

/** What the files of the `tls` keys come to, what is wrong with them, and what is doubtful. */
export interface TlsFiles {
  readonly listener: ListenerTls | undefined;
  /** By the index of the app. */
  readonly apps: ReadonlyMap<number, UpstreamTls>;
  /** Of the `passthrough` at the top of the file. */
  readonly passthrough: UpstreamTls | undefined;
  readonly findings: readonly Finding[];
  readonly doubts: readonly Finding[];
}

/** Reads files, and gathers what is wrong with them under the paths of their keys. */
class Reader {
  readonly findings: Finding[] = [];
  readonly doubts: Finding[] = [];
  readonly #configFile: string;

  constructor(configFile: string) {
    this.#configFile = configFile;
  }

  whole(file: string): string {
    return wholePath(file, this.#configFile);
  }

  /** A pair that is wrong in one file is told under that one's key. */
  pair(files: PairFiles, pathOf: (key: keyof PairFiles) => Path): Pair | undefined {
    try {
      const pair = readPair({ cert: this.whole(files.cert), key: this.whole(files.key) });
      const doubt = lifeDoubt(pair);
      if (doubt) this.doubts.push({ path: pathOf('cert'), message: `${files.cert} ${doubt}` });
      return pair;
    } catch (error) {
      this.findings.push({
        path: pathOf(error instanceof PairError ? error.of : 'cert'),
        message: (error as Error).message,
      });
      return undefined;
    }
  }

  authorities(file: string | undefined, path: Path): Buffer | undefined {
    try {
      return file === undefined ? undefined : readAuthorities(this.whole(file));
    } catch (error) {
      this.findings.push({ path, message: (error as Error).message });
      return undefined;
    }
  }
}

const readListener = ({ root: { tls } }: Draft, reader: Reader): ListenerTls | undefined => {
  if (!tls) return undefined;
  reader.pair(tls, key => ['tls', key]);
  reader.authorities(tls.clientCa, ['tls', 'clientCa']);
  const clientCa = tls.clientCa === undefined ? undefined : reader.whole(tls.clientCa);
  return { ...tls, cert: reader.whole(tls.cert), key: reader.whole(tls.key), clientCa };
};

const readUpstream = ({ options: { tls }, layers }: DraftBacked, reader: Reader): UpstreamTls | undefined => {
  if (!tls) return undefined;
  const pathOf = (key: string): Path => originOf(layers.general, ['tls', key]) ?? [];
  const { cert, key, serverName, insecure } = tls;
  // One without the other is told of elsewhere.
  const client = cert !== undefined && key !== undefined ? reader.pair({ cert, key }, pathOf) : undefined;
  return { ca: reader.authorities(tls.ca, pathOf('ca')), client, serverName, insecure };
};

/** Reads every file that a `tls` names; a relative path counts from the folder of `configFile`. */
export const readTlsFiles = (draft: Draft, configFile: string): TlsFiles => {
  const reader = new Reader(configFile);
  const listener = readListener(draft, reader);
  const apps = draft.apps.map(app => [app.index, readUpstream(app, reader)] as const);
  const passthrough = draft.others && readUpstream(draft.others, reader);
  const { findings, doubts } = reader;
  return {
    listener,
    apps: new Map(apps.filter(([, tls]) => tls !== undefined) as [number, UpstreamTls][]),
    passthrough,
    findings,
    doubts,
  };
};
