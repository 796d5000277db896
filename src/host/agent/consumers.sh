# Who uses etcd on this machine: stopped while its contents are exchanged, and started again afterwards.

# What is known to write to etcd, or to read from it all the time.
CONSUMERS='kube-apiserver.service flanneld.service flannel.service'
MANIFEST=/etc/kubernetes/manifests/kube-apiserver.yaml

# note_whole FILE: from standard input; complete and on the disk, or not there.
note_whole() {
  mkdir -p "${1%/*}"
  draft=$1.quorate-new
  cat >"$draft"
  sync "$draft"
  mv -f "$draft" "$1"
  draft=
  sync "${1%/*}"
}

# running_consumers: a line each, `unit NAME` or `manifest PATH`.
running_consumers() {
  for unit in $CONSUMERS; do
    case $(systemctl is-active "$unit" 2>/dev/null) in active | activating | reloading) printf 'unit %s\n' "$unit" ;; esac
  done
  if [ -f "$MANIFEST" ]; then printf 'manifest %s\n' "$MANIFEST"; fi
}

# Those that run.
takes_consumers='reads'
op_consumers() {
  running_consumers | sed -e 's/^/running-/'
}

# halt_consumers FOLDER: whatever runs is noted there first, and stopped. What an earlier try has noted stays noted.
halt_consumers() {
  mkdir -p "$1"
  running_consumers | while read -r line; do
    grep -s -q -F -x -e "$line" "$1/consumers" || printf '%s\n' "$line"
  done >"$1/found"
  { cat "$1/consumers" 2>/dev/null || true; cat "$1/found"; } | note_whole "$1/consumers"
  rm -f "$1/found"
  while read -r kind what; do
    case $kind in
      unit) systemctl stop "$what" || fail "$what does not stop" ;;
      manifest)
        if [ -f "$what" ]; then mv -f "$what" "$1/${what##*/}"; fi
        await_end kube-apiserver
        ;;
    esac
  done <"$1/consumers"
}

# await_end NAME: until no pod runs a process of that name; a kubelet takes its time to see that a manifest is gone.
await_end() {
  tries=90
  while pod_runs "$1"; do
    [ "$tries" -gt 0 ] || fail "$1 still runs, a minute and a half after its manifest was taken away: stop it by hand, then run this again"
    tries=$((tries - 1))
    sleep 1
  done
}

# pod_runs NAME: some process of that name is root's in every respect, or a kubelet put it into its pods' cgroup, where
# it may run as another user. Anybody can give a process any name: an ordinary user's does not count, nor does a setuid
# program that waits for a password under a link of that name.
pod_runs() {
  for found in $(grep -s -l -x -e "$1" /proc/[0-9]*/comm); do
    if { grep -s -q -E '^Uid:([[:space:]]+0){4}$' "${found%/comm}/status" && [ ! -u "${found%/comm}/exe" ]; } ||
      grep -s -q -E '^[0-9]+:[^:]*:/(kubelet\.slice/kubelet-)?kubepods[./]' "${found%/comm}/cgroup"; then
      return 0
    fi
  done
  return 1
}

# resume_consumers FOLDER: what is noted there is started again.
resume_consumers() {
  [ -f "$1/consumers" ] || return 0
  while read -r kind what; do
    case $kind in
      unit) systemctl start --no-block "$what" || fail "$what does not start" ;;
      manifest)
        if [ -f "$1/${what##*/}" ]; then
          [ ! -e "$what" ] || fail "$what is there again, and so is the one that was taken away, $1/${what##*/}: remove one of them"
          mv -f "$1/${what##*/}" "$what"
        fi
        ;;
    esac
  done <"$1/consumers"
}
