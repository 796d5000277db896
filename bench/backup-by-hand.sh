#!/bin/sh
# The yardstick for `quorate backup`: etcdctl's snapshot, packed and encrypted on its way to the disk, as somebody would write
# it by hand. Nothing is checked, and neither the CA nor the cluster's settings are in it.
#
# usage: backup-by-hand.sh BINARIES-FOLDER WORK-FOLDER RECIPIENT ETCDCTL-OPTION…
set -eu
binaries=$1 work=$2 recipient=$3
shift 3
mkdir -p "$work"
rm -f "$work/snapshot.db.part" "$work/snapshot.db.zst.age"
# etcdctl writes files only. A pipe of the name that it writes to is one to it, until it asks for it to be on the disk.
mkfifo "$work/snapshot.db.part"
zstd -q -1 -c <"$work/snapshot.db.part" | age -r "$recipient" >"$work/snapshot.db.zst.age" &
packed=$!
ETCDCTL_API=3 "$binaries/etcdctl" "$@" snapshot save "$work/snapshot.db" >"$work/log" 2>&1 ||
  grep -q 'Error: sync .*: invalid argument' "$work/log" || {
  cat "$work/log" >&2
  exit 1
}
wait "$packed"
sync "$work/snapshot.db.zst.age"
