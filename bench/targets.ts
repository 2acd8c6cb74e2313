import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from '../test/tools.ts';
import { freePort, type Lab, type Running } from './lab.ts';

export const APP = '/apps/EchoApp';

export interface TargetOptions {
  /** Where it listens; a free port unless one is named. */
  readonly port?: number;
  readonly admin?: number;
  /** Keys of the gateway's configuration beside its app, as YAML in JSON form. */
  readonly root?: Readonly<Record<string, unknown>>;
  /** Ports of the back-ends; only the gateway uses more than the first. */
  readonly upstreams: readonly number[];
  /** After this long without an answer a target gives its own. */
  readonly limitMs: number;
  /** Keys of the app in the gateway's configuration that differ from the usual ones, as YAML in JSON form. */
  readonly app?: Readonly<Record<string, unknown>>;
}

/** Something that can be put between WCS and a back-end. */
export interface Target {
  readonly name: string;
  /** Why it cannot be measured here, asked anew each time: the bench may have installed it meanwhile. */
  readonly missing?: string | undefined;
  start(lab: Lab, options: TargetOptions): Promise<Running>;
}

const ROOT = join(import.meta.dirname, '..');
const PEERS = join(import.meta.dirname, 'peers');
const FALLBACK = '{"fallback":true}';

const write = (lab: Lab, name: string, text: string): string => {
  const file = join(lab.dir, name);
  writeFileSync(file, text);
  return file;
};

/** Everything on: hedging, breaker, last good answers, coalescing, metrics, a log line for each call. */
export const gatewayConfig = (port: number, admin: number, { upstreams, limitMs, app, root }: TargetOptions): string =>
  JSON.stringify({
    ...root,
    listen: `127.0.0.1:${port}`,
    admin: `127.0.0.1:${admin}`,
    apps: [
      {
        name: 'EchoApp',
        path: APP,
        upstreams: upstreams.map(each => `http://127.0.0.1:${each}${APP}`),
        limit: `${limitMs}ms`,
        fallback: ['cached', 'echo'],
        idempotent: true,
        ...app,
      },
    ],
  });

/** This gateway as an operator runs it, its log on a file. `flags` are Node's. */
export const gateway = (name = 'breakwater', flags: readonly string[] = []): Target => ({
  name,
  start: async (lab, options) => {
    const [port, admin] = [options.port ?? (await freePort()), options.admin ?? (await freePort())];
    const file = write(lab, `${name}-${port}.yaml`, gatewayConfig(port, admin, options));
    const command = [process.execPath, ...flags, join(ROOT, 'bin', 'breakwater.js'), 'run', '--config', file];
    return lab.start(command, { core: 'proxy', port, name: `${name}-${port}` });
  },
});

/** Installed: a folder under `node_modules`. */
const nodePeer = (name: string, script: string, module: string): Target => ({
  name,
  get missing() {
    return existsSync(join(ROOT, 'node_modules', module)) ? undefined : `${module} is not installed; npm ci`;
  },
  start: async (lab, { upstreams, limitMs }) => {
    const port = await freePort();
    const command = [
      process.execPath,
      join(PEERS, script),
      String(port),
      String(upstreams[0]),
      String(limitMs),
      FALLBACK,
    ];
    return lab.start(command, { core: 'proxy', port, name: `${module.replace('/', '-')}-${port}` });
  },
});

export const serverPeer = (
  name: string,
  command: (lab: Lab, port: number, options: TargetOptions) => string[],
): Target => ({
  name,
  get missing() {
    return findTool(name) ? undefined : `it is not installed; apt-get install ${name}`;
  },
  start: async (lab, options) => {
    const port = await freePort();
    return lab.start(command(lab, port, options), { core: 'proxy', port, name: `${name}-${port}` });
  },
});

/** One worker; kept-alive connections to the back-end, which need HTTP/1.1 and an empty Connection field. */
const nginxConfig = (dir: string, port: number, { upstreams, limitMs }: TargetOptions): string => `
worker_processes 1; daemon off; master_process off; pid ${dir}/nginx-${port}.pid; error_log ${dir}/nginx-${port}.err crit;
worker_rlimit_nofile 20000;
events { worker_connections 16000; }
http {
  log_format line escape=json '{"time":"$time_iso8601","uri":"$uri","status":$status,"s":$request_time,"upstream":"$upstream_addr"}';
  access_log ${dir}/nginx-${port}.access line buffer=64k flush=1s;
  client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
  client_body_buffer_size 16k; keepalive_requests 1000000000; keepalive_timeout 90s;
  upstream backend { server 127.0.0.1:${upstreams[0]}; keepalive 512; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=16384;
    location / {
      proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_connect_timeout 500ms; proxy_read_timeout ${limitMs}ms; proxy_next_upstream off;
      proxy_intercept_errors on; error_page 500 502 503 504 =200 @fallback;
    }
    location @fallback { internal; default_type application/json; return 200 '${FALLBACK}'; }
  }
}
`;

const FALLBACK_FILE = [
  'HTTP/1.1 200 OK',
  'Content-Type: application/json',
  `Content-Length: ${FALLBACK.length}`,
  '',
  FALLBACK,
].join('\r\n');

const haproxyConfig = (lab: Lab, port: number, { upstreams, limitMs }: TargetOptions): string => `
global
  nbthread 1
  maxconn 9500
  tune.idle-pool.shared on
defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 500ms
  timeout client 120s
  timeout server ${limitMs}ms
  timeout http-keep-alive 90s
  errorfile 503 ${write(lab, 'fallback.http', FALLBACK_FILE)}
  errorfile 504 ${write(lab, 'fallback.http', FALLBACK_FILE)}
frontend front
  bind 127.0.0.1:${port} backlog 16384
  default_backend back
backend back
  server one 127.0.0.1:${upstreams[0]} pool-max-conn 2000
`;

export const nginx = serverPeer('nginx', (lab, port, options) => {
  const file = write(lab, `nginx-${port}.conf`, nginxConfig(lab.dir, port, options));
  return [findTool('nginx') ?? 'nginx', '-p', lab.dir, '-c', file];
});

export const haproxy = serverPeer('haproxy', (lab, port, options) => {
  const file = write(lab, `haproxy-${port}.cfg`, haproxyConfig(lab, port, options));
  return [findTool('haproxy') ?? 'haproxy', '-f', file];
});

export const httpProxy = nodePeer('http-proxy', 'http-proxy.ts', 'http-proxy');
export const fastify = nodePeer('@fastify/http-proxy', 'fastify.ts', '@fastify/http-proxy');
