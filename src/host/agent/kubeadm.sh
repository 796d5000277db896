# kubeadm, phase by phase. It is never run as a whole: a whole `reset` can empty an etcd's directory, and a whole `init` makes tokens.

# run_kubeadm WORD…: without an environment, since kubeadm writes the proxies that it finds there into manifests. Its output is
# shown only where it fails, and only the end of it.
#
# Without the CA's key kubeadm wants a super-admin.conf as well, of which it reads the CA and the server alone. Such credentials no
# rule can take back, so no master has them: for as long as kubeadm runs the file is a link to admin.conf.
run_kubeadm() {
  super=/etc/kubernetes/super-admin.conf failed=
  [ -e /etc/kubernetes/pki/ca.key ] || [ -e "$super" ] || ln -sf admin.conf "$super"
  said=$(env -i "PATH=/usr/local/bin:$PATH" kubeadm "$@" 2>&1 </dev/null) || failed=yes
  [ ! -L "$super" ] || rm -f "$super"
  [ -z "$failed" ] ||
    fail "kubeadm $1 $2 $3 ${4-} failed: $(printf '%s\n' "$said" | grep -v '^\[[a-z-]*\]' | grep -v '^To see the stack trace' | tail -n 6 | tr '\n' ' ' | cut -c 1-1500)"
}

# The static pods' manifests. The last line says what each was made from, with a sum of the rest: so any change shows without
# kubeadm. To the kubelet it is a comment.
#
# READS: paths between blanks, of what is read at the start only. The configuration has `@read-at-start@` for the sum of them: with
# other files the static pods are others, and start again.
takes_kubeadm_manifests='changes config reads stamp ..components'
op_kubeadm_manifests() {
  manifests=/etc/kubernetes/manifests
  make_folder "$manifests" 700
  require_root "${arg_config%/*}"
  sums=
  for file in $arg_reads; do
    [ -f "$file" ] || fail "$file is missing: the control plane can not start without it"
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
    [ ! -L "$manifest" ] || fail "$manifest is a link: kubeadm would write to what it leads to"
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

# pod_of MANIFEST: a sum of what a kubelet sees of it.
pod_of() {
  [ ! -f "$1" ] || grep -v '^# quorate: ' "$1" | sha256sum
}

# api_servers: what names the processes of API servers that a kubelet will start again.
api_servers() {
  systemctl is-active --quiet kubelet.service || return 0
  grep -l -x kube-apiserver /proc/[0-9]*/comm 2>/dev/null | while read -r comm; do
    # In a pod, and not of another Kubernetes that somebody tries out here.
    ! grep -q kubepods "${comm%/comm}/cgroup" 2>/dev/null || printf '%s\n' "$comm"
  done
}

# await_api_end COMM…: until these processes are gone. Until then they say that they are ready, and whoever asked them would take the next
# master's API server away beside this one's.
await_api_end() {
  until=$(($(date +%s) + 120))
  for comm; do
    while [ "$(cat "$comm" 2>/dev/null)" = kube-apiserver ]; do
      [ "$(date +%s)" -lt "$until" ] || fail "the kubelet has not started the API server again within 120 s: journalctl -u kubelet"
      sleep 0.2
    done
  done
}

# What kubeadm keeps in the cluster. Each phase is a word, with a slash where kubeadm has a blank.
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
