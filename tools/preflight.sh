#!/bin/sh
# preflight.sh [PROGRAM=PACKAGE...]: looks at this machine before anything is built, says what is missing and what to do.
# Runs before npm ci, so it needs nothing but a shell. Debian packages that are missing it installs; the arguments add
# to those that the cluster needs; CLUSTER=kind needs fewer.
set -u
checkout=$(cd "$(dirname "$0")/.." && pwd)
free_gb_needed=12

fail() {
  printf '\npreflight: %s\n' "$1" >&2
  exit 1
}

[ "$(uname -s)" = Linux ] || fail "this needs Linux; run it in a virtual machine of it"
[ "$(id -u)" = 0 ] || fail "this makes network namespaces and mounts and must run as root: sudo make ..."
command -v npm >/dev/null || fail "npm is missing; install Node.js 20 or newer (https://nodejs.org, or apt-get install npm)"
command -v go >/dev/null || fail "Go is missing; install Go 1.26 or newer (https://go.dev/dl) and put it on PATH"
case $checkout in
  /run/* | /proc/* | /sys/* | /dev/*) fail "$checkout is replaced inside the cluster's nodes; move the checkout" ;;
esac

go_version=$(go env GOVERSION)
case $go_version in
  go1.[0-9] | go1.[0-9].* | go1.1[0-9]* | go1.2[0-5] | go1.2[0-5].*)
    fail "$(command -v go) is $go_version; the cluster needs Go 1.26 or newer (https://go.dev/dl)" ;;
esac
# A program may want a newer patch release, which go fetches itself unless GOTOOLCHAIN=local.
for module in "$checkout"/tools/programs/*/; do
  said=$(go -C "$module" version 2>&1) || fail "${module#"$checkout"/} cannot be built with $go_version: $said
Install that Go, or let go fetch it: export GOTOOLCHAIN=auto"
done

cache=${XDG_CACHE_HOME:-$HOME/.cache}
mkdir -p "$cache"
# helm is built last: where it is, nothing more needs the space.
if ! ls "$cache"/syncthing-csi/*/helm >/dev/null 2>&1; then
  for place in "$cache" "$checkout"; do
    free_gb=$(df -Pk "$place" | awk 'NR == 2 { print int($4 / 1048576) }')
    [ "$free_gb" -ge "$free_gb_needed" ] ||
      fail "$place has $free_gb GB free; building the cluster's programs needs $free_gb_needed GB there (XDG_CACHE_HOME moves the cache)"
  done
fi

# PROGRAM=PACKAGE: any distribution will do that has the programs, Debian gets the packages.
missing=
needs="busybox=busybox-static catatonit=catatonit flock=util-linux"
[ "${CLUSTER:-}" = kind ] ||
  needs="$needs runc=runc iptables=iptables nft=nftables conntrack=conntrack ip=iproute2 socat=socat nsenter=util-linux \
    losetup=mount mkfs.ext4=e2fsprogs xfs_io=xfsprogs openssl=openssl"
for need in $needs "$@"; do
  command -v "${need%%=*}" >/dev/null || missing="$missing ${need#*=}"
done
[ -z "$missing" ] && exit 0

command -v apt-get >/dev/null || fail "these programs are missing; install the packages that have them:$missing"
export DEBIAN_FRONTEND=noninteractive
printf 'preflight: installing%s\n' "$missing"
ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || apt-get update || fail "apt-get update failed; the packages$missing cannot be installed"
# shellcheck disable=SC2086
apt-get install -y --no-install-recommends $missing ||
  { apt-get update && apt-get install -y --no-install-recommends $missing; } ||
  fail "these packages cannot be installed by apt-get:$missing
Install them by hand and run the same command again."
