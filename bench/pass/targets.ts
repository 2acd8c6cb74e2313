import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from '../../test/tools.ts';
import { gateway, httpProxy, serverPeer, type Target, type TargetOptions } from '../targets.ts';

/** As it is written for streams and uploads: nothing buffered, nothing refused for its size, upgrades passed on. */
const nginxConfig = (dir: string, port: number, { upstreams }: TargetOptions): string => `
worker_processes 1; daemon off; master_process off; pid ${dir}/nginx-${port}.pid; error_log ${dir}/nginx-${port}.err crit;
worker_rlimit_nofile 60000;
events { worker_connections 50000; }
http {
  access_log ${dir}/nginx-${port}.access combined buffer=64k flush=1s;
  client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
  keepalive_requests 1000000000; client_max_body_size 0;
  map $http_upgrade $connection_of { default upgrade; '' ''; }
  upstream backend { server 127.0.0.1:${upstreams[0]}; keepalive 512; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=16384;
    location / {
      proxy_pass http://backend; proxy_http_version 1.1; proxy_request_buffering off; proxy_buffering off;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_of;
    }
  }
}
`;

const nginx = serverPeer('nginx', (lab, port, options) => {
  const file = join(lab.dir, `nginx-pass-${port}.conf`);
  writeFileSync(file, nginxConfig(lab.dir, port, options));
  return [findTool('nginx') ?? 'nginx', '-p', lab.dir, '-c', file];
});

/** The gateway with what passes through turned on, and room for the idle sockets; the others as they are run for that. */
export const PASSING: readonly { readonly target: Target; readonly keys: Partial<TargetOptions> }[] = [
  {
    target: gateway(),
    keys: {
      root: { limits: { connections: 20_000 } },
      app: { passthrough: { upgrades: 20_000 }, concurrency: { max: 2000 } },
    },
  },
  { target: httpProxy, keys: {} },
  { target: nginx, keys: {} },
];
