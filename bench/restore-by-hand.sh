#!/bin/sh
# The yardstick for `quorate restore`: the same snapshot onto the same three members in parallel, as somebody would write it by
# hand. Nothing is checked but that all members are healthy in the end.
#
# usage: restore-by-hand.sh restore|undo SNAPSHOT IDENTITY KNOWN-HOSTS NAME=ADDRESS…
# `undo` puts back what `restore` has put aside.
# shellcheck disable=SC2016 # programs for the machines: they expand there
set -eu
what=$1 snapshot=$2 identity=$3 known_hosts=$4
shift 4

cluster=
for node in "$@"; do cluster="${cluster:+$cluster,}${node%%=*}=https://${node#*=}:2380"; done
common="-F none -i $identity -o UserKnownHostsFile=$known_hosts -o StrictHostKeyChecking=yes -o BatchMode=yes -o Compression=no"

on() {
  address=$1
  shift
  # shellcheck disable=SC2086 # options without spaces
  ssh $common -l root "$address" "$@"
}

stop='systemctl stop etcd'

restore='set -eu
cd /opt/etcd
mv data data.by-hand-before
mv wal wal.by-hand-before
etcdutl snapshot restore snapshot.by-hand --data-dir /opt/etcd/data --wal-dir /opt/etcd/wal --name "$1" \
  --initial-advertise-peer-urls "https://$2:2380" --initial-cluster "$3" --initial-cluster-token by-hand >/dev/null 2>&1
rm snapshot.by-hand
chown -R etcd:etcd data wal
systemctl start etcd'

undo='set -eu
cd /opt/etcd
rm -rf data wal
mv data.by-hand-before data
mv wal.by-hand-before wal
systemctl start etcd'

healthy='until etcdctl --cacert /etc/ssl/etcd/ca.crt --cert /etc/ssl/etcd/etcd.crt --key /etc/ssl/etcd/etcd.key \
  --endpoints "$1" endpoint health >/dev/null 2>&1; do sleep 0.1; done'

# Each member on its own, at the same time.
all() {
  work=$1
  shift
  pids=
  for node in "$@"; do
    "$work" "${node%%=*}" "${node#*=}" &
    pids="$pids $!"
  done
  for pid in $pids; do wait "$pid"; done
}

send() {
  # shellcheck disable=SC2086 # options without spaces
  scp -q $common "$snapshot" "root@$2:/opt/etcd/snapshot.by-hand"
}
stopped() { on "$2" "$stop"; }
restored() { on "$2" "sh -c '$restore' restore $1 $2 $cluster"; }
undone() { on "$2" "sh -c '$undo' undo"; }

# All are stopped before one starts: members with old data and new must not meet.
[ "$what" = undo ] || all send "$@"
all stopped "$@"
if [ "$what" = undo ]; then all undone "$@"; else all restored "$@"; fi
endpoints=
for node in "$@"; do endpoints="${endpoints:+$endpoints,}https://${node#*=}:2379"; done
on "${1#*=}" "sh -c '$healthy' healthy $endpoints"
