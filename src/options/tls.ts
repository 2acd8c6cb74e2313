import { z } from 'zod';

const file = (wanted: string) => {
  const error = ({ input }: { input?: unknown }) =>
    `is ${input === undefined ? 'missing' : input === '' ? 'empty' : 'no text'}; write the path of ${wanted}`;
  return z.string({ error }).min(1, { error });
};

const CERTIFICATE = 'a certificate in PEM, with its chain';
const KEY = 'its private key in PEM, without a password';
const AUTHORITIES = 'a PEM file with certificates';

/** What a certificate may be made out to. */
const NAME = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/;
const name = () => {
  const error = ({ input }: { input?: unknown }) =>
    `is ${JSON.stringify(input)}; write the name in the back-end's certificate, such as app.example.com`;
  return z.string({ error }).regex(NAME, { error });
};

/** `tls`: how `listen` speaks TLS. Files as written. */
export const ListenerTlsOptions = z.strictObject({
  cert: file(CERTIFICATE),
  key: file(KEY),
  clientCa: file(AUTHORITIES).optional(),
  minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2'),
});
export type ListenerTlsOptions = z.output<typeof ListenerTlsOptions>;

/** `apps[].tls`: how `https` upstreams are spoken to. Files as written. */
export const UpstreamTlsOptions = z.strictObject({
  ca: file(AUTHORITIES).optional(),
  cert: file(CERTIFICATE).optional(),
  key: file(KEY).optional(),
  serverName: name().optional(),
  insecure: z.boolean().default(false),
});
export type UpstreamTlsOptions = z.output<typeof UpstreamTlsOptions>;

/** The same as read: contents of the files in place of their paths. */
export interface UpstreamTls {
  readonly ca: Buffer | undefined;
  readonly client: { readonly cert: Buffer; readonly key: Buffer; readonly ends: number } | undefined;
  readonly serverName: string | undefined;
  /** True if whoever answers is believed to be the back-end. */
  readonly insecure: boolean;
}
