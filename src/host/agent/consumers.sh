# The programs that use etcd on this node: stopped while the keyspace is replaced, and started again afterwards.

# Units known to write to etcd, or to read from it continuously.
CONSUMERS='kube-apiserver.service flanneld.service flannel.service'
MANIFEST=/etc/kubernetes/manifests/kube-apiserver.yaml

# note_whole FILE: writes standard input to it; complete and synced to disk, or not at all.
note_whole() {
  mkdir -p "${1%/*}"
  draft=$1.quorate-new
  cat >"$draft"
  sync "$draft"
  mv -f "$draft" "$1"
  draft=
  sync "${1%/*}"
}

# running_consumers: prints one line each, `unit NAME` or `manifest PATH`.
running_consumers() {
  for unit in $CONSUMERS; do
    case $(systemctl is-active "$unit" 2>/dev/null) in active | activating | reloading) printf 'unit %s\n' "$unit" ;; esac
  done
  if [ -f "$MANIFEST" ]; then printf 'manifest %s\n' "$MANIFEST"; fi
}

# The running consumers.
takes_consumers='reads'
op_consumers() {
  running_consumers | sed -e 's/^/running-/'
}

# halt_consumers DIRECTORY: records in it what runs, then stops it. Records of an earlier attempt stay.
halt_consumers() {
  mkdir -p "$1"
  running_consumers | while read -r line; do
    grep -s -q -F -x -e "$line" "$1/consumers" || printf '%s\n' "$line"
  done >"$1/found"
  { cat "$1/consumers" 2>/dev/null || true; cat "$1/found"; } | note_whole "$1/consumers"
  rm -f "$1/found"
  while read -r kind what; do
    case $kind in
      unit) systemctl stop "$what" || fail "$what didn't stop" ;;
      manifest)
        if [ -f "$what" ]; then mv -f "$what" "$1/${what##*/}"; fi
        await_end kube-apiserver
        ;;
    esac
  done <"$1/consumers"
}

# await_end NAME: waits until no pod runs a process of that name; a kubelet needs some time to notice that a
# manifest is gone.
await_end() {
  tries=90
  while pod_runs "$1"; do
    [ "$tries" -gt 0 ] || fail "$1 still runs 90 s after its manifest was removed: stop it by hand, then rerun the command"
    tries=$((tries - 1))
    sleep 1
  done
}

# pod_runs NAME: true if a process of that name has only root's IDs, or is in the cgroup of a kubelet's pods,
# where it may run as another user. Any user can choose the name of a process, so ordinary users' processes
# and setuid programs don't count.
pod_runs() {
  for found in $(grep -s -l -x -e "$1" /proc/[0-9]*/comm); do
    if { grep -s -q -E '^Uid:([[:space:]]+0){4}$' "${found%/comm}/status" && [ ! -u "${found%/comm}/exe" ]; } ||
      grep -s -q -E '^[0-9]+:[^:]*:/(kubelet\.slice/kubelet-)?kubepods[./]' "${found%/comm}/cgroup"; then
      return 0
    fi
  done
  return 1
}

# resume_consumers DIRECTORY: starts again what is recorded in it.
resume_consumers() {
  [ -f "$1/consumers" ] || return 0
  while read -r kind what; do
    case $kind in
      unit) systemctl start --no-block "$what" || fail "$what didn't start" ;;
      manifest)
        if [ -f "$1/${what##*/}" ]; then
          [ ! -e "$what" ] || fail "$what exists again, and so does the one that quorate moved to $1/${what##*/}: remove one of them"
          mv -f "$1/${what##*/}" "$what"
        fi
        ;;
    esac
  done <"$1/consumers"
}
