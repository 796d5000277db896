# What a Kubernetes node leaves on a machine: pods, their volumes, their network. Only `reset` looks at it and takes it away.

# pod_shims: the process of each pod, which lives also while containerd does not.
pod_shims() {
  grep -l -s -x containerd-shim /proc/[0-9]*/comm | while read -r comm; do
    if tr '\0' ' ' <"${comm%/comm}/cmdline" 2>/dev/null | grep -q -F -e '-namespace k8s.io '; then
      comm=${comm%/comm}
      printf '%s\n' "${comm#/proc/}"
    fi
  done
}

# pod_volumes: mount points below a pod's directory, the deepest first. Not those directories themselves: who mounts a disk there
# wants it to stay.
pod_volumes() {
  kubelet=$(readlink -f /var/lib/kubelet) || return 0
  cut -d ' ' -f 5 /proc/self/mountinfo | grep -F -e "$kubelet/" | sort -r | while read -r mounted; do
    case $mounted in "$kubelet"/pods/*/* | "$kubelet"/plugins/*/*) printf '%b\n' "$mounted" ;; esac
  done
}

# pod_namespaces: paths of the network namespaces that containerd made for pods.
pod_namespaces() {
  for namespace in /run/netns/cni-*; do
    if [ -e "$namespace" ]; then printf '%s\n' "$namespace"; fi
  done
}

# pod_links: network interfaces that flannel, its bridge and kube-proxy made.
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

# chain_tools: the families of iptables' tools that are there, without `-save` and `-restore`.
chain_tools() {
  for tool in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
    if command -v "$tool-save" >/dev/null; then printf '%s\n' "$tool"; fi
  done
}

# is_pod_chain NAME: whether it is a chain that kube-proxy, a kubelet, flannel or CNI's plugins made.
is_pod_chain() {
  case $1 in KUBE-* | FLANNEL-* | CNI-HOSTPORT-* | CNI-DN-*) return 0 ;; esac
  return 1
}

# pod_rules TOOL: what `TOOL-restore --noflush` takes Kubernetes' own chains away with, and of other people's chains the rules that
# lead into those, nothing else. Nothing: there are none.
pod_rules() {
  "$1-save" 2>/dev/null | while IFS= read -r rule; do
    case $rule in
      '*'*) table=$rule led='' emptied='' gone='' ;;
      :*)
        chain=${rule#:}
        chain=${chain%% *}
        if is_pod_chain "$chain"; then
          # A chain that is in use can't go.
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

# pod_routes NETWORK…: to pods on other nodes, where no interface of flannel's leads there. As `FAMILY ROUTE`.
pod_routes() {
  command -v ip >/dev/null || return 0
  for network; do
    case $network in *:*) family=-6 ;; *) family=-4 ;; esac
    ip "$family" route show root "$network" 2>/dev/null | while read -r route rest; do
      case " $rest " in *' via '*) printf '%s %s\n' "$family" "$route" ;; esac
    done
  done
}

# counted_lines: how many lines come in.
counted_lines() {
  wc -l | tr -d ' '
}

# What is there. NETWORKS: of pods, between blanks.
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

# Containers of Kubernetes, static pods' too: asked to end, and after SECONDS made to. The kubelet must not run: it would start them
# again. Then their volumes are unmounted; nothing in them is touched.
takes_pods_remove='changes seconds'
op_pods_remove() {
  if [ -n "$(pod_shims)" ]; then
    # What holds them can be asked only through it.
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
  [ "$left" = 0 ] || fail "$left pods of Kubernetes still run, and containerd does not end them: journalctl -u containerd -n 50"
  pod_volumes | while read -r volume; do
    umount -- "$volume" 2>/dev/null || umount -- "$volume" ||
      fail "$volume is a volume of a pod and can't be unmounted: nothing in /var/lib/kubelet was moved"
  done
  pod_namespaces | while read -r namespace; do ip netns delete "${namespace##*/}" || fail "$namespace can't be removed"; done
}

# pod_ctr WORD…: containerd's tool, in Kubernetes' namespace. That something is gone already is no failure.
pod_ctr() {
  command -v ctr >/dev/null || return 0
  timeout 60 ctr --connect-timeout 10s --namespace k8s.io "$@" 2>/dev/null || true
}

# pod_tasks: names of containers whose program runs.
pod_tasks() {
  pod_ctr tasks list | while read -r name _ status; do if [ "$status" = RUNNING ]; then printf '%s\n' "$name"; fi; done
}

# signal_pods SIGNAL
signal_pods() {
  pod_tasks | while read -r name; do pod_ctr tasks kill --all --signal "$1" "$name" </dev/null; done
}

# Interfaces, rules and routes of pods' network. Everybody else's stay.
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
      fail "$tool does not take away Kubernetes' chains: $(printf '%s\n' "$trouble" | tail -n 2 | tr '\n' ' ')"
  done
  # shellcheck disable=SC2086 # networks hold no blanks
  pod_routes $arg_networks | while read -r family route; do ip "$family" route delete "$route" || true; done
  rm -rf /run/flannel
}

# Stops here if one of these paths, or what it leads to, holds something of KEPT (paths between blanks), or lies in it.
takes_apart='changes kept ..paths'
op_apart() {
  for path; do
    away=$(readlink -m -- "$path")
    for kept in $arg_kept; do
      stays=$(readlink -m -- "$kept")
      case $stays/ in "$away"/*) fail "$path holds $kept, which is etcd's: nothing was moved" ;; esac
      case $away/ in "$stays"/*) fail "$path lies in $kept, which is etcd's: nothing was moved" ;; esac
    done
  done
}
