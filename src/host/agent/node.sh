# Inspects a node for Kubernetes. The shell itself reads almost everything; preflight uses it as well.

# look_node ADDRESS SERVICE PORT…: ADDRESS is the node's own, SERVICE the first address of the Services'
# network. Listeners on the ports are reported until a kubelet is set up: from then on they are the kubelet
# and what it runs.
look_node() {
  if [ -r /proc/swaps ]; then
    while read -r device kind size _; do
      case $kind in partition | file) printf 'node swap %.128s %.16s\n' "$device" "$size" ;; esac
    done </proc/swaps
  fi
  look_control_groups
  if [ -f /run/systemd/container ] && read -r container </run/systemd/container; then printf 'node container %.32s\n' "$container"; fi
  while read -r key value; do
    if [ "$key" = CapBnd: ]; then
      # The 25th bit is CAP_SYS_RESOURCE.
      case $value in *[!0-9a-f]* | '') ;; *) printf 'node sys-resource %s\n' $(((0x$value >> 24) & 1)) ;; esac
      break
    fi
  done </proc/1/status
  if command -v ip >/dev/null; then
    if ip route get "$2" >/dev/null 2>&1; then
      echo 'node reaches yes'
    else
      echo 'node reaches no'
    fi
    ip -o address show to "$1" 2>/dev/null | head -n 1 | while read -r _ name _; do printf 'node device %.15s\n' "$name"; done
  fi
  look_resolver
  look_plugins
  nearest /var/lib/containerd
  stat -f -c 'node room %a %S %b' "$near"
  look_foreign
  for file in kubelet.conf admin.conf; do look_kubeconfig "/etc/kubernetes/$file"; done
  shift 2
  [ -e /etc/kubernetes/kubelet.conf ] || [ $# = 0 ] || look_ports "$@"
}

# Prints the file that names DNS servers which a pod can reach. A pod has its own loopback addresses, on which
# no server listens.
look_resolver() {
  for file in /etc/resolv.conf /run/systemd/resolve/resolv.conf; do
    [ -f "$file" ] || continue
    left=64
    while read -r key value _ && [ $left -gt 0 ]; do
      left=$((left - 1))
      case $key-$value in nameserver-127.* | nameserver-::1 | nameserver-) continue ;; nameserver-*) ;; *) continue ;; esac
      printf 'node resolver %s\n' "$file"
      return 0
    done <"$file"
  done
  echo 'node resolver none'
}

# The directory of CNI's plugins: it differs between distributions and the plugins' own releases.
look_plugins() {
  for folder in /usr/lib/cni /usr/libexec/cni /opt/cni/bin; do
    if [ -x "$folder/bridge" ]; then
      printf 'node plugins %s\n' "$folder"
      return 0
    fi
  done
}

# The cgroup controllers that limit containers.
look_control_groups() {
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    read -r controllers </sys/fs/cgroup/cgroup.controllers || true
    printf 'node cgroup 2 %.256s\n' "$controllers"
  else
    controllers=
    for controller in cpu cpuset memory pids; do
      if [ -d "/sys/fs/cgroup/$controller" ]; then controllers="$controllers $controller"; fi
    done
    printf 'node cgroup 1%s\n' "$controllers"
  fi
}

# Other Kubernetes distributions, and replacements of containerd. Each with the path that identifies it.
look_foreign() {
  for path in /usr/local/bin/k3s /etc/rancher/k3s /usr/local/bin/rke2 /etc/rancher/rke2 /usr/local/bin/k0s /etc/k0s \
    /var/snap/microk8s /snap/bin/microk8s /var/snap/k8s; do
    if [ -e "$path" ]; then printf 'node foreign %s\n' "$path"; fi
  done
  for path in /usr/bin/kubelet /lib/systemd/system/kubelet.service /usr/lib/systemd/system/kubelet.service; do
    if [ -e "$path" ]; then
      printf 'node foreign %s\n' "$path"
      break
    fi
  done
  for name in kubelet kubeadm; do
    path=/usr/local/bin/$name
    if [ -e "$path" ] || [ -L "$path" ]; then
      case $(readlink "$path") in /opt/quorate/*) ;; *) printf 'node foreign %s\n' "$path" ;; esac
    fi
  done
  # Docker's package, which has its own configuration.
  if [ -f /var/lib/dpkg/info/containerd.io.list ]; then
    echo 'node foreign containerd.io'
  elif [ ! -d /var/lib/dpkg/info ] && command -v rpm >/dev/null && rpm -q --quiet containerd.io 2>/dev/null; then
    echo 'node foreign containerd.io'
  fi
}

# look_kubeconfig FILE: prints the API server in it.
look_kubeconfig() {
  [ -f "$1" ] && [ ! -L "$1" ] || return 0
  left=64
  while read -r key value && [ $left -gt 0 ]; do
    left=$((left - 1))
    if [ "$key" = server: ]; then
      printf 'node server %s %.256s\n' "$1" "$value"
      break
    fi
  done <"$1"
}

# look_ports PORT…: prints the programs that listen on them.
look_ports() {
  command -v ss >/dev/null || return 0
  filter=
  for port; do filter="${filter:+$filter or }sport = :$port"; done
  ss -Hltnp "$filter" 2>/dev/null | while read -r _ _ _ local _ users; do
    program=${users#*'(("'}
    printf 'node listens %s %.64s\n' "${local##*:}" "${program%%'"'*}"
  done
}

takes_node='reads address service ..ports'
op_node() {
  look_node "$arg_address" "$arg_service" "$@"
}
