#!/usr/bin/env bash
# Boots systemd as the first process of namespaces of its own, with nothing to start but what is put
# there: nothing of this machine may be mounted, cleaned up or configured by it.
#
#   unshare --mount boot.sh DIRECTORY
#
# DIRECTORY/units becomes /etc/systemd/system, DIRECTORY/etc /etc/dynamic-sharding, DIRECTORY/bin
# /usr/local/bin. The network is shared, all else that could be written is not.
set -euo pipefail
directory=$(realpath "$1")
mount --make-rprivate /
group=dynamic-sharding-$$
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  [ -e "$hierarchy/cgroup.procs" ] || continue
  mkdir -p "$hierarchy/$group"
  echo $$ > "$hierarchy/$group/cgroup.procs"
done
export directory
exec unshare --cgroup --pid --fork --kill-child --mount-proc --uts --ipc bash -c '
  set -euo pipefail
  if [ -e /sys/fs/cgroup/cgroup.procs ]; then
    umount -l /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
  else
    umount -l /sys/fs/cgroup
    mount -t tmpfs tmpfs /sys/fs/cgroup
    mkdir /sys/fs/cgroup/systemd /sys/fs/cgroup/unified
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
    mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
  fi
  mkdir -p /etc/dynamic-sharding
  mount --bind "$directory/units" /etc/systemd/system
  mount --bind "$directory/etc" /etc/dynamic-sharding
  mount --bind "$directory/bin" /usr/local/bin
  mount -t tmpfs tmpfs /run
  mkdir /run/lock
  mount -t tmpfs tmpfs /var
  mount -t tmpfs tmpfs /tmp
  mount -o remount,bind,ro /
  cd /
  export container=docker
  exec /lib/systemd/systemd --system --unit=nothing.target --log-target=console --show-status=no
'
