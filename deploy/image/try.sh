#!/bin/bash
# Runs the root file system of the image in $1 as a container would: read-only, as 65532, without rights or shell.
# For machines on which podman cannot run; as root. Says how soon it is ready, and what a hook gets.
#   root=$(buildah mount "$(buildah from localhost/breakwater:0.1.0)") && deploy/image/try.sh "$root"
set -euo pipefail
if [ "${2:-}" != inside ]; then exec unshare --mount --propagation private "$0" "$1" inside; fi

root=$(mktemp -d)
mount --bind "$1" "$root"
mount -o remount,bind,ro "$root"
mount -t tmpfs -o uid=65532,gid=65532,mode=700 state "$root/var/lib/breakwater"
mount -t tmpfs -o size=1m config "$root/etc/breakwater"
cat >"$root/etc/breakwater/breakwater.yaml" <<'YAML'
listen: 127.0.0.1:18090
admin: 127.0.0.1:19090
apps:
  - { name: EchoApp, path: /apps/EchoApp, upstreams: ["http://127.0.0.1:1"], limit: 3s, fallback: [echo] }
events: { dir: /var/lib/breakwater/events }
YAML
inside=(env -i PATH="$PATH" BREAKWATER_ADMIN_URL=http://127.0.0.1:19090 setpriv --no-new-privs chroot --userspec=65532:65532 "$root")
breakwater=/usr/lib/breakwater/bin/breakwater.js

begun=$(date +%s%N)
"${inside[@]}" /usr/bin/node $breakwater run --config /etc/breakwater/breakwater.yaml >/dev/null &
gateway=$!
trap 'kill -9 $gateway 2>/dev/null || true' EXIT
for _ in $(seq 500); do
  if curl -sf http://127.0.0.1:19090/readyz >/dev/null; then break; fi
  sleep 0.01
done
echo "ready after $((($(date +%s%N) - begun) / 1000000)) ms"
du -sm "$1" | awk '{ print $1 " MB in all" }'
curl -si http://127.0.0.1:18090/apps/EchoApp/StreamStatusEvent -H 'Content-Type: application/json' -d '{"appKey":"a"}'
echo
"${inside[@]}" /usr/bin/node /usr/lib/breakwater/deploy/image/healthcheck.js
echo "health check: $?"
"${inside[@]}" /usr/bin/node -e 'try { fs.writeFileSync("/etc/x", ""); } catch (error) { console.log("writing to /etc:", error.code); }'
if "${inside[@]}" /bin/sh -c true 2>/dev/null; then echo "there is a shell"; else echo "no shell"; fi
kill -TERM $gateway
wait $gateway
echo "SIGTERM: ended with $?"
