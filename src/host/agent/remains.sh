# What Kubernetes leaves on a node: pods, their volumes, their network. Only `reset` inspects and removes it.

# pod_shims: prints the process of each pod, which runs even if containerd doesn't.
pod_shims() {
  grep -l -s -x containerd-shim /proc/[0-9]*/comm | while read -r comm; do
    if tr '\0' ' ' <"${comm%/comm}/cmdline" 2>/dev/null | grep -q -F -e '-namespace k8s.io '; then
      comm=${comm%/comm}
      printf '%s\n' "${comm#/proc/}"
    fi
  done
}

# pod_volumes: prints mount points below a pod's directory, the deepest first. Not the kubelet's directories
# themselves: a disk mounted there stays.
pod_volumes() {
  kubelet=$(readlink -f /var/lib/kubelet) || return 0
  cut -d ' ' -f 5 /proc/self/mountinfo | grep -F -e "$kubelet/" | sort -r | while read -r mounted; do
    case $mounted in "$kubelet"/pods/*/* | "$kubelet"/plugins/*/*) printf '%b\n' "$mounted" ;; esac
  done
}

# pod_namespaces: prints the paths of the network namespaces that containerd created for pods.
pod_namespaces() {
  for namespace in /run/netns/cni-*; do
    if [ -e "$namespace" ]; then printf '%s\n' "$namespace"; fi
  done
}

# pod_links: prints the network interfaces of flannel, its bridge and kube-proxy.
pod_links() {
  for link in /sys/class/net/*; do
    case ${link##*/} in
      cni0 | flannel0 | flannel.[0-9]* | flannel-v6.[0-9]* | flannel-wg | flannel-wg-v6 | kube-ipvs0) printf '%s\n' "${link##*/}" ;;
    esac
  done
}

# pod_tables: nftables' tables of kube-proxy, flannel and CNI's plugins, as `FAMILY NAME`.
pod_tables() {
  command -v nft >/dev/null || return 0
  nft list tables 2>/dev/null | while read -r _ family table; do
    case $table in kube-proxy | flannel-ipv4 | flannel-ipv6 | cni_hostport) printf '%s %s\n' "$family" "$table" ;; esac
  done
}

# chain_tools: prints the installed families of iptables' tools, without `-save` and `-restore`.
chain_tools() {
  for tool in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
    if command -v "$tool-save" >/dev/null; then printf '%s\n' "$tool"; fi
  done
}

# is_pod_chain NAME: true if it is a chain of kube-proxy, a kubelet, flannel or a CNI plugin.
is_pod_chain() {
  case $1 in KUBE-* | FLANNEL-* | CNI-HOSTPORT-* | CNI-DN-*) return 0 ;; esac
  return 1
}

# pod_rules TOOL: prints input for `TOOL-restore --noflush` that removes Kubernetes' own chains, and only
# those rules of other chains that lead into them. Prints nothing if there are none.
pod_rules() {
  "$1-save" 2>/dev/null | while IFS= read -r rule; do
    case $rule in
      '*'*) table=$rule led='' emptied='' gone='' ;;
      :*)
        chain=${rule#:}
        chain=${chain%% *}
        if is_pod_chain "$chain"; then
          # A chain in use can't be removed.
          emptied="$emptied-F $chain
"
          gone="$gone-X $chain
"
        fi
        ;;
      '-A '*)
        chain=${rule#-A }
        case "$rule " in
          *' '-[jg]' KUBE-'* | *' '-[jg]' FLANNEL-'* | *' '-[jg]' CNI-HOSTPORT-'* | *' '-[jg]' CNI-DN-'*)
            if ! is_pod_chain "${chain%% *}"; then
              led="$led-D $chain
"
            fi
            ;;
        esac
        ;;
      COMMIT) [ -z "$led$gone" ] || printf '%s\n%s%s%sCOMMIT\n' "$table" "$led" "$emptied" "$gone" ;;
    esac
  done
}

# pod_routes NETWORK…: prints routes to pods on other nodes that use no interface of flannel, as `FAMILY ROUTE`.
pod_routes() {
  command -v ip >/dev/null || return 0
  for network; do
    case $network in *:*) family=-6 ;; *) family=-4 ;; esac
    ip "$family" route show root "$network" 2>/dev/null | while read -r route rest; do
      case " $rest " in *' via '*) printf '%s %s\n' "$family" "$route" ;; esac
    done
  done
}

# counted_lines: counts the lines on standard input.
counted_lines() {
  wc -l | tr -d ' '
}

# Reports what exists. NETWORKS: those of pods, separated by spaces.
takes_remains='reads networks ..paths'
op_remains() {
  printf 'remains pods %s\n' "$(pod_shims | counted_lines)"
  printf 'remains volumes %s\n' "$(pod_volumes | counted_lines)"
  printf 'remains namespaces %s\n' "$(pod_namespaces | counted_lines)"
  # shellcheck disable=SC2086 # networks hold no blanks
  printf 'remains routes %s\n' "$(pod_routes $arg_networks | counted_lines)"
  pod_links | while read -r link; do printf 'remains link %s\n' "$link"; done
  pod_tables | while read -r table; do printf 'remains rules %s\n' "$table"; done
  chain_tools | while read -r tool; do
    if [ -n "$(pod_rules "$tool")" ]; then printf 'remains rules %s\n' "$tool"; fi
  done
  for path; do
    if is_directory "$path"; then
      if ! is_fixed "$path" || holds "$path"; then printf 'remains path %s\n' "$path"; fi
    elif [ -e "$path" ] || [ -L "$path" ]; then
      printf 'remains path %s\n' "$path"
    fi
  done
}

# Stops the containers of Kubernetes, including static pods, and kills them after SECONDS. The kubelet must
# not run, because it would start them again. Then unmounts their volumes; their content stays.
takes_pods_remove='changes seconds'
op_pods_remove() {
  if [ -n "$(pod_shims)" ]; then
    # Pods can be stopped only through containerd.
    systemctl is-active --quiet containerd.service || timeout 60 systemctl start containerd.service || true
    signal_pods SIGTERM
    until=$(($(date +%s) + arg_seconds))
    while [ -n "$(pod_tasks)" ] && [ "$(date +%s)" -lt "$until" ]; do sleep 0.2; done
    signal_pods SIGKILL
    until=$(($(date +%s) + 20))
    while [ -n "$(pod_tasks)" ] && [ "$(date +%s)" -lt "$until" ]; do sleep 0.2; done
  fi
  containers=$(pod_ctr containers list -q)
  # shellcheck disable=SC2086 # names of containerd's, without blanks
  [ -z "$containers" ] || pod_ctr containers delete $containers
  # A pod's process ends a moment after its containers.
  until=$(($(date +%s) + 20))
  while [ -n "$(pod_shims)" ] && [ "$(date +%s)" -lt "$until" ]; do sleep 0.2; done
  left=$(pod_shims | counted_lines)
  [ "$left" = 0 ] || fail "$left pods of Kubernetes still run, and containerd doesn't stop them: journalctl -u containerd -n 50"
  pod_volumes | while read -r volume; do
    umount -- "$volume" 2>/dev/null || umount -- "$volume" ||
      fail "$volume is a volume of a pod and can't be unmounted: nothing in /var/lib/kubelet was renamed"
  done
  pod_namespaces | while read -r namespace; do ip netns delete "${namespace##*/}" || fail "$namespace can't be removed"; done
}

# pod_ctr WORD…: containerd's tool, in Kubernetes' namespace. It is no failure if the object no longer exists.
pod_ctr() {
  command -v ctr >/dev/null || return 0
  timeout 60 ctr --connect-timeout 10s --namespace k8s.io "$@" 2>/dev/null || true
}

# pod_tasks: prints the names of running containers.
pod_tasks() {
  pod_ctr tasks list | while read -r name _ status; do if [ "$status" = RUNNING ]; then printf '%s\n' "$name"; fi; done
}

# signal_pods SIGNAL
signal_pods() {
  pod_tasks | while read -r name; do pod_ctr tasks kill --all --signal "$1" "$name" </dev/null; done
}

# Removes interfaces, rules and routes of the pod network. All others stay.
takes_pod_network_remove='changes networks'
op_pod_network_remove() {
  pod_links | while read -r link; do ip link delete "$link" || fail "the network interface $link can't be removed"; done
  pod_tables | while read -r family table; do
    nft delete table "$family" "$table" || fail "the table $table of nftables can't be removed"
  done
  for tool in $(chain_tools); do
    rules=$(pod_rules "$tool")
    [ -n "$rules" ] || continue
    trouble=$(printf '%s\n' "$rules" | "$tool-restore" --noflush 2>&1) ||
      fail "$tool can't remove Kubernetes' chains: $(printf '%s\n' "$trouble" | tail -n 2 | tr '\n' ' ')"
  done
  # shellcheck disable=SC2086 # networks hold no blanks
  pod_routes $arg_networks | while read -r family route; do ip "$family" route delete "$route" || true; done
  rm -rf /run/flannel
}

# Fails if one of these paths, or its link target, contains a path of KEPT (separated by spaces) or is within one.
takes_apart='changes kept ..paths'
op_apart() {
  for path; do
    away=$(readlink -m -- "$path")
    for kept in $arg_kept; do
      stays=$(readlink -m -- "$kept")
      case $stays/ in "$away"/*) fail "$path contains $kept, which belongs to etcd: nothing was renamed" ;; esac
      case $away/ in "$stays"/*) fail "$path is in $kept, which belongs to etcd: nothing was renamed" ;; esac
    done
  done
}
