# Brings a copy of a member's data to the end of its log, as a cluster of its own that nobody can reach.
# $1: the member's name; $2: data folder; $3: log folder. Runs as etcd, without a network.
set -eu
export LC_ALL=C
# Before 3.5, which brought etcdutl: from 3.6 on etcdctl warns of the variable.
[ -x /usr/local/bin/etcdutl ] || export ETCDCTL_API=3
endpoint=http://127.0.0.1:2379
ctl() {
  timeout 60 /usr/local/bin/etcdctl --endpoints "$endpoint" "$@"
}

# systemd goes on without a private network where there can be none.
if [ "$(grep -c : /proc/net/dev)" -gt 1 ]; then
  echo 'quorate: this machine can run nothing without its network (systemd: PrivateNetwork)' >&2
  exit 1
fi
/usr/local/bin/etcd --name "$1" --data-dir "$2" --wal-dir "$3" --force-new-cluster \
  --listen-client-urls "$endpoint" --advertise-client-urls "$endpoint" --listen-peer-urls http://127.0.0.1:2380 >&2 &
pid=$!
tries=600
# Healthy is who has answered a linearizable read: all that its log says is committed is applied then.
until ctl --dial-timeout 1s --command-timeout 5s endpoint health >/dev/null 2>&1; do
  kill -0 "$pid" 2>/dev/null || exit 1
  tries=$((tries - 1))
  if [ "$tries" = 0 ]; then
    echo 'quorate: it is not well after minutes' >&2
    exit 1
  fi
  sleep 0.2
done
printf 'recovered-status %s\n' "$(ctl endpoint status -w json)"
# Where etcd asks clients for a password these stay unknown; and before 3.5 etcdctl can't count.
printf 'recovered-hash %s\n' "$(ctl endpoint hashkv -w json 2>/dev/null || true)"
printf 'recovered-keys %s\n' "$(ctl get '' --prefix --count-only -w json 2>/dev/null || true)"
kill "$pid"
wait "$pid" || true
