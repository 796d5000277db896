# Runs etcd on a copy of a member's data, as a separate one-member cluster without a network.
# $1: the member's name; $2: data directory; $3: log directory. Runs as etcd, without a network.
# $4: `end` applies its whole WAL and prints what the keyspace then contains. `past REVISION KEY TEXT` writes
# one more key and compacts everything before: the printed hash covers all keys of that revision and this key.
set -eu
export LC_ALL=C
# Only before 3.5, which introduced etcdutl: etcdctl 3.6 and newer warn about the variable.
[ -x /usr/local/bin/etcdutl ] || export ETCDCTL_API=3
endpoint=http://127.0.0.1:2379
ctl() {
  timeout 600 /usr/local/bin/etcdctl --endpoints "$endpoint" --command-timeout 590s "$@"
}

# asked: true once it has answered a linearizable read: then all committed entries of its WAL are applied.
# With authentication enabled, etcd does so before it refuses the request.
asked() {
  said=$(timeout 10 /usr/local/bin/etcdctl --endpoints "$endpoint" --dial-timeout 1s --command-timeout 5s get health 2>&1 >/dev/null) && return 0
  case $said in *'user name is empty'* | *'permission denied'*) return 0 ;; esac
  return 1
}

# systemd starts the unit without a private network if it can't create one.
if [ "$(grep -c : /proc/net/dev)" -gt 1 ]; then
  echo 'quorate: this node can run no process without its network (systemd: PrivateNetwork)' >&2
  exit 1
fi
force=
[ "$4" != end ] || force=--force-new-cluster
# shellcheck disable=SC2086 # one word or none
/usr/local/bin/etcd --name "$1" --data-dir "$2" --wal-dir "$3" $force \
  --listen-client-urls "$endpoint" --advertise-client-urls "$endpoint" --listen-peer-urls http://127.0.0.1:2380 >&2 &
pid=$!
tries=600
until asked; do
  kill -0 "$pid" 2>/dev/null || exit 1
  tries=$((tries - 1))
  if [ "$tries" = 0 ]; then
    echo 'quorate: it did not become healthy within minutes' >&2
    exit 1
  fi
  sleep 0.2
done

# If etcd requires passwords from clients, these values stay unknown.
field() { sed -n "s/^\"$1\" : \([0-9]*\)$/\1/p"; }
if [ "$4" = end ]; then
  # All versions give this answer: the number of all keys, whatever the limit, and its revision.
  keys=$(ctl get '' --prefix --limit 1 --keys-only -w fields || true)
  revision=$(printf '%s\n' "$keys" | field Revision)
  printf 'recovered-keys %s %s\n' "$revision" "$(printf '%s\n' "$keys" | field Count)"
  printf 'recovered-hash %s\n' "$([ -z "$revision" ] || ctl endpoint hashkv --rev "$revision" -w json || true)"
else
  revision=$(ctl put "$6" "$7" -w fields | field Revision || true)
  if [ -n "$revision" ] && ctl compaction "$5" >/dev/null; then
    printf 'recovered-past %s %s\n' "$revision" "$(ctl endpoint hashkv --rev "$revision" -w json || true)"
  fi
fi
kill "$pid"
wait "$pid" || true
# Describes the database as it is now, including leases that expired or were revoked since.
tool=/usr/local/bin/etcdutl
[ -x "$tool" ] || tool=/usr/local/bin/etcdctl
[ "$4" != end ] || printf 'recovered-status %s\n' "$("$tool" snapshot status "$2/member/snap/db" -w json)"
