import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireTool } from '../tools.ts';

/** Where a certificate and its key are. */
export interface Files {
  readonly cert: string;
  readonly key: string;
}

export interface Wanted {
  /** `subjectAltName` of openssl; the loopback address unless said otherwise. */
  readonly names?: string;
  /** In days from now; from yesterday for two days unless said otherwise. */
  readonly begins?: number;
  readonly ends?: number;
}

const DAY_MS = 86_400_000;
const KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'.split(' ');

const openssl = (...args: string[]): void => void execFileSync(requireTool('openssl'), args, { stdio: 'pipe' });

/** `YYYYMMDDHHMMSSZ`, as openssl wants it. */
const stamp = (days: number): string =>
  `${new Date(Date.now() + days * DAY_MS).toISOString().replace(/\.\d+|[-T:Z]/g, '')}Z`;

/** An authority of its own, in a folder that `remove` takes away. */
export class Authority {
  readonly dir = mkdtempSync(join(tmpdir(), 'breakwater-certificates-'));
  /** Its own certificate. */
  readonly file = join(this.dir, 'ca.pem');
  readonly #key = join(this.dir, 'ca.key');
  readonly #config = join(this.dir, 'ca.conf');

  constructor(name = 'Test authority') {
    openssl('req', '-x509', ...KEY, '-subj', `/CN=${name}`, '-days', '30', '-keyout', this.#key, '-out', this.file);
    writeFileSync(join(this.dir, 'index.txt'), '');
    writeFileSync(
      this.#config,
      `[ca]\ndefault_ca=own\n[own]\ndatabase=${this.dir}/index.txt\nnew_certs_dir=${this.dir}\nrand_serial=yes
default_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n`,
    );
  }

  /** The authority's certificate, for whoever is to trust it. */
  get pem(): Buffer {
    return readFileSync(this.file);
  }

  /** Makes a pair called `name`, in the folder `into` of this authority's own. */
  issue(name: string, { names = 'IP:127.0.0.1', begins = -1, ends = 2 }: Wanted = {}, into = '.'): Files {
    mkdirSync(join(this.dir, into), { recursive: true });
    const [cert, key, request, extensions] = ['pem', 'key', 'csr', 'ext'].map(end =>
      join(this.dir, into, `${name}.${end}`),
    );
    if (!cert || !key || !request || !extensions) throw new Error('no names');
    openssl('req', '-new', ...KEY, '-subj', `/CN=${name}`, '-keyout', key, '-out', request);
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    const time = ['-startdate', stamp(begins), '-enddate', stamp(ends)];
    const own = ['-config', this.#config, '-cert', this.file, '-keyfile', this.#key];
    openssl('ca', '-batch', '-notext', ...own, ...time, '-extfile', extensions, '-in', request, '-out', cert);
    return { cert, key };
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
