# Runs an etcd on a copy of a member's data, as a cluster of its own that nobody can reach.
# $1: the member's name; $2: data folder; $3: log folder. Runs as etcd, without a network.
# $4: `end` brings it to the end of its log, and says what it holds then. `past REVISION KEY TEXT` writes one key more and
# compacts what was before: the hash that it says is of all that lived at that revision, and of this key.
set -eu
export LC_ALL=C
# Before 3.5, which brought etcdutl: from 3.6 on etcdctl warns of the variable.
[ -x /usr/local/bin/etcdutl ] || export ETCDCTL_API=3
endpoint=http://127.0.0.1:2379
ctl() {
  timeout 600 /usr/local/bin/etcdctl --endpoints "$endpoint" --command-timeout 590s "$@"
}

# asked: it has answered a linearizable read: all that its log says is committed is applied then. Where etcd has users it
# does that before it says that we are none.
asked() {
  said=$(timeout 10 /usr/local/bin/etcdctl --endpoints "$endpoint" --dial-timeout 1s --command-timeout 5s get health 2>&1 >/dev/null) && return 0
  case $said in *'user name is empty'* | *'permission denied'*) return 0 ;; esac
  return 1
}

# systemd goes on without a private network where there can be none.
if [ "$(grep -c : /proc/net/dev)" -gt 1 ]; then
  echo 'quorate: this machine can run nothing without its network (systemd: PrivateNetwork)' >&2
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
    echo 'quorate: it is not well after minutes' >&2
    exit 1
  fi
  sleep 0.2
done

# Where etcd asks clients for a password these stay unknown.
field() { sed -n "s/^\"$1\" : \([0-9]*\)$/\1/p"; }
if [ "$4" = end ]; then
  # One answer of all versions: the number of all keys, whatever the limit, and the revision that it is of.
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
# Of the database as it lies there now, whatever ran out or was revoked meanwhile.
tool=/usr/local/bin/etcdutl
[ -x "$tool" ] || tool=/usr/local/bin/etcdctl
[ "$4" != end ] || printf 'recovered-status %s\n' "$("$tool" snapshot status "$2/member/snap/db" -w json)"
