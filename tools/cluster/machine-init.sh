#!/bin/sh
# Turns fresh mount, UTS and PID namespaces into a machine of the cluster, then becomes its PID 1.
# machine-init.sh NAME DIRECTORY CACHE IMAGES CHECKOUT BOOT_ID
# Everything the host has under a path that is replaced here (the checkout may lie below /var or /tmp) is first bound
# into what becomes /run, where the machine finds it as /run/cluster/...
# -n: mount keeps a table of its own in /run, which is replaced here as well.
set -eu
name=$1 directory=$2 cache=$3 images=$4 checkout=$5 boot_id=$6
run=$directory/run

echo "$name" >/proc/sys/kernel/hostname
mount -n --make-rprivate /
# Names of the other machines' networks, which must go when those go.
if mountpoint -q /run/netns; then umount -n -R /run/netns; fi
mount -n -t tmpfs -o mode=0755 tmpfs "$run"
cd "$run"
mkdir -p cluster/cache cluster/images cluster/checkout cluster/config cluster/disk cluster/etc cluster/etc-work \
  cluster/services cluster/sysctl lock
mount -n --bind "$cache" cluster/cache
mount -n --bind "$images" cluster/images
mount -n --bind "$checkout" cluster/checkout
mount -n --bind "$directory/config" cluster/config
mount -n -t ext4 -o loop,noinit_itable "$directory/disk.img" cluster/disk

# A writable /etc of its own: CNI configuration, host names and no name server of the host's.
mount -n -t overlay -o lowerdir=/etc,upperdir=cluster/etc,workdir=cluster/etc-work overlay /etc
rm -f /etc/resolv.conf
cp -R "$directory/config/etc/." /etc/

cd /
mount -n --move "$run" /run
mkdir -p /run/cluster/disk/lib/kubelet /run/cluster/disk/log /run/cluster/disk/tmp /run/cluster/disk/cache
chmod 1777 /run/cluster/disk/tmp
[ -e /run/cluster/disk/run ] || ln -s /run /run/cluster/disk/run
[ -e /run/cluster/disk/lock ] || ln -s /run/lock /run/cluster/disk/lock
mount -n --move /run/cluster/disk /var
mount -n -t tmpfs -o mode=1777 tmpfs /tmp

# What the kubelet would set for the whole kernel, among them to panic on any oops, it finds set already; the host
# keeps its own values.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000 "kernel/random/boot_id=$boot_id"; do
  path=${setting%%=*}
  [ -e "/proc/sys/$path" ] || continue
  file=/run/cluster/sysctl/$(echo "$path" | tr / -)
  echo "${setting#*=}" >"$file"
  mount -n --bind "$file" "/proc/sys/$path"
done
echo 1 >/proc/sys/net/ipv4/ip_forward

mount -n --make-rshared /
: >/run/cluster/ready
# -P: no child of its own; it stays, and reaps what loses its parent.
exec catatonit -P
