#!/bin/sh
# Lays out the root file system of the image in $1: Node, the libraries that it is linked with, and the package in $2.
# Nothing else: no shell, no package manager, no certificates (Node has its own).
set -eu
root=$1
package=$2

node=$(readlink -f "$(command -v node)")
install -D -m 755 "$node" "$root/usr/bin/node"
ldd "$node" | grep -o '/[^ ]*' | while read -r library; do
  install -D -m 755 "$(readlink -f "$library")" "$root$library"
done

mkdir -p "$root/etc/breakwater" "$root/usr/lib" "$root/usr/share/breakwater" "$root/tmp" "$root/var/lib"
chmod 1777 "$root/tmp"
echo 'breakwater:x:65532:65532:Breakwater:/var/lib/breakwater:/sbin/nologin' >"$root/etc/passwd"
echo 'breakwater:x:65532:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

(cd "$package" && npm sbom --omit dev --omit optional --sbom-format cyclonedx) >"$root/usr/share/breakwater/sbom.cdx.json"
cp -a "$package" "$root/usr/lib/breakwater"
