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
takes_kubeadm_manifests='changes config stamp ..components'
op_kubeadm_manifests() {
  manifests=/etc/kubernetes/manifests
  make_folder "$manifests" 700
  for component; do
    manifest=$manifests/kube-$component.yaml
    [ ! -L "$manifest" ] || fail "$manifest is a link: kubeadm would write to what it leads to"
    run_kubeadm init phase control-plane "$component" --config "$arg_config"
    sum=$(sha256sum "$manifest")
    printf '# quorate: %s %s\n' "$arg_stamp" "${sum%% *}" >>"$manifest"
    settle "$manifest"
  done
}

# What kubeadm keeps in the cluster. Each phase is a word, with a slash where kubeadm has a blank.
takes_kubeadm_phases='changes config kubeconfig ..phases'
op_kubeadm_phases() {
  for phase; do
    run_kubeadm init phase "${phase%%/*}" "${phase#*/}" --config "$arg_config" --kubeconfig "$arg_kubeconfig"
  done
}
