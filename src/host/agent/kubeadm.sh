# Runs single phases of kubeadm, never a whole command: `kubeadm reset` can empty an etcd's directory, and
# `kubeadm init` creates tokens.

# run_kubeadm WORD…: runs it without an environment, because kubeadm copies proxy variables into manifests.
# Prints the end of its output only if it fails.
#
# Without the CA's key kubeadm requires a super-admin.conf, of which it reads only the CA and the server. No
# RBAC rule can revoke such credentials, so no control-plane node has them: while kubeadm runs, the file is a
# link to admin.conf.
run_kubeadm() {
  super=/etc/kubernetes/super-admin.conf failed=
  [ -e /etc/kubernetes/pki/ca.key ] || [ -e "$super" ] || ln -sf admin.conf "$super"
  said=$(env -i "PATH=/usr/local/bin:$PATH" kubeadm "$@" 2>&1 </dev/null) || failed=yes
  [ ! -L "$super" ] || rm -f "$super"
  [ -z "$failed" ] ||
    fail "kubeadm $1 $2 $3 ${4-} failed: $(printf '%s\n' "$said" | grep -v '^\[[a-z-]*\]' | grep -v '^To see the stack trace' | tail -n 6 | tr '\n' ' ' | cut -c 1-1500)"
}

# Writes the static pods' manifests. The last line of each, a comment, records its inputs and a checksum of
# the rest, so that quorate detects any change without kubeadm.
#
# READS: paths, separated by spaces, of files that are read only at the start. `@read-at-start@` in the
# configuration is replaced with their checksum: if these files change, the static pods change and restart.
takes_kubeadm_manifests='changes config reads stamp ..components'
op_kubeadm_manifests() {
  manifests=/etc/kubernetes/manifests
  make_folder "$manifests" 700
  require_root "${arg_config%/*}"
  sums=
  for file in $arg_reads; do
    [ -f "$file" ] || fail "$file is missing: the control plane can't start without it"
    sum=$(sha256sum <"$file")
    sums="$sums${sum%% *} "
  done
  sum=$(printf '%s' "$sums" | sha256sum)
  filled=${arg_config%/*}/.${arg_config##*/}.filled
  draft=$filled
  rm -rf "$draft"
  sed "s/@read-at-start@/${sum%% *}/" "$arg_config" >"$draft"
  for component; do
    manifest=$manifests/kube-$component.yaml
    [ ! -L "$manifest" ] || fail "$manifest is a link: kubeadm would write to the link's target"
    before=$(pod_of "$manifest")
    serving=
    [ "$component" != apiserver ] || serving=$(api_servers)
    run_kubeadm init phase control-plane "$component" --config "$filled"
    after=$(pod_of "$manifest")
    sum=$(sha256sum "$manifest")
    printf '# quorate: %s %s\n' "$arg_stamp" "${sum%% *}" >>"$manifest"
    settle "$manifest"
    # shellcheck disable=SC2086 # paths below /proc
    [ "$before" = "$after" ] || await_api_end $serving
  done
  rm -f "$filled"
  draft=
}

# pod_of MANIFEST: prints a checksum of what a kubelet reads of it.
pod_of() {
  [ ! -f "$1" ] || grep -v '^# quorate: ' "$1" | sha256sum
}

# api_servers: prints the processes of API servers that a kubelet will restart.
api_servers() {
  systemctl is-active --quiet kubelet.service || return 0
  grep -l -x kube-apiserver /proc/[0-9]*/comm 2>/dev/null | while read -r comm; do
    # Only in a pod, not those of another Kubernetes on this host.
    ! grep -q kubepods "${comm%/comm}/cgroup" 2>/dev/null || printf '%s\n' "$comm"
  done
}

# await_api_end COMM…: waits until these processes are gone. Until then they report ready, and quorate would
# restart the next control-plane node's API server while this one is down.
await_api_end() {
  until=$(($(date +%s) + 120))
  for comm; do
    while [ "$(cat "$comm" 2>/dev/null)" = kube-apiserver ]; do
      [ "$(date +%s)" -lt "$until" ] || fail "the kubelet has not started the API server again within 120 s: journalctl -u kubelet"
      sleep 0.2
    done
  done
}

# Runs the phases that write to the cluster. Each phase is one argument, with a slash where kubeadm has a space.
takes_kubeadm_phases='changes config kubeconfig server ..phases'
op_kubeadm_phases() {
  require_root "${arg_kubeconfig%/*}"
  own=${arg_kubeconfig%/*}/.${arg_kubeconfig##*/}.own
  draft=$own
  rm -rf "$own"
  sed "s|^\( *server: \).*|\1$arg_server|" "$arg_kubeconfig" >"$own"
  for phase; do
    run_kubeadm init phase "${phase%%/*}" "${phase#*/}" --config "$arg_config" --kubeconfig "$own"
  done
  rm -f "$own"
  draft=
}
