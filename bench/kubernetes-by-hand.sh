#!/bin/bash
# The yardstick for `quorate apply` with Kubernetes: etcd by three-members.sh, then plain kubeadm (init, join, join), all that can be
# at the same time at the same time, as somebody would write it by hand in a day. Nothing is checked, nothing can be run twice. It ends
# when all nodes are ready, CoreDNS answers, and a pod runs on each of three workers. Says how long each part took, in seconds.
#
# usage: kubernetes-by-hand.sh WORK-FOLDER ETCD-BINARIES FILES IDENTITY KNOWN-HOSTS VERSION REPOSITORY FLANNEL-IMAGE ROLE:NAME=ADDRESS…
#   FILES: a folder with the program `kubernetes` and archives of images, *.tar; roles: etcd, master, worker, service (the balancer)
# shellcheck disable=SC2016 # programs for the machines: they expand there
set -eu
here=$(dirname "$(readlink -f "$0")")
work=$1 etcd_binaries=$2 files=$3 identity=$4 known_hosts=$5 version=$6 repository=$7 flannel=$8
shift 8
of() {
  role=$1
  shift
  for node in "$@"; do [ "${node%%:*}" != "$role" ] || echo "${node#*:}"; done
}
etcd=$(of etcd "$@") masters=$(of master "$@") workers=$(of worker "$@") balancer=$(of service "$@")
first=${masters%%$'\n'*} others=$(echo "$masters" | tail -n +2)
services=10.96.0.0/12 pods=10.244.0.0/16
token=$(openssl rand -hex 3).$(openssl rand -hex 8) certificate_key=$(openssl rand -hex 32)

on() {
  address=${1#*=}
  shift
  ssh -F none -i "$identity" -o UserKnownHostsFile="$known_hosts" -o StrictHostKeyChecking=yes -o BatchMode=yes \
    -o Compression=no -l root "$address" "$@"
}

# On a node: programs and images from standard input; all that a kubelet wants. What is the lab's: no right to lower an oom_score,
# no route but to the own network, no DNS server, control groups of version 1.
prepare='set -eu
mkdir -p /var/tmp/bench /etc/containerd
tar -C /var/tmp/bench -xf -
mv /var/tmp/bench/kubernetes /usr/local/bin/
for name in kubeadm kubelet kubectl; do ln -s kubernetes /usr/local/bin/$name; done
sysctl -q -w net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
ip route replace "$2" dev host0
echo nameserver 192.0.2.53 >/etc/resolv-bench.conf
cat >/etc/containerd/config.toml <<TOML
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$1"
  restrict_oom_score_adj = true
  cni.bin_dir = "/usr/lib/cni"
  containerd.runtimes.runc.runtime_type = "io.containerd.runc.v2"
  containerd.runtimes.runc.options.SystemdCgroup = true
TOML
cat >/etc/systemd/system/kubelet.service <<UNIT
[Service]
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/local/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml \$KUBELET_KUBEADM_ARGS
Restart=always
RestartSec=2
[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --quiet kubelet
systemctl restart containerd
for archive in /var/tmp/bench/*.tar; do ctr -n k8s.io images import "$archive" >/dev/null; done'

balance='set -eu
cat >/etc/haproxy/haproxy.cfg
systemctl restart haproxy'

registration="nodeRegistration:
  criSocket: unix:///run/containerd/containerd.sock
  imagePullPolicy: IfNotPresent
  ignorePreflightErrors: [SystemVerification]
timeouts: { controlPlaneComponentHealthCheck: 10m, kubernetesAPICall: 5m, kubeletHealthCheck: 5m, etcdAPICall: 2m, tlsBootstrap: 10m, discovery: 10m }"

init_configuration() {
  cat <<YAML
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens: [{ token: $token }]
certificateKey: $certificate_key
localAPIEndpoint: { advertiseAddress: ${first#*=} }
$registration
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v$version
imageRepository: $repository
controlPlaneEndpoint: ${balancer%%=*}:6443
networking: { podSubnet: $pods, serviceSubnet: $services }
etcd:
  external:
    endpoints: [$(echo "$etcd" | sed 's|.*=\(.*\)|https://\1:2379|' | paste -sd,)]
    caFile: /etc/kubernetes/etcd/ca.crt
    certFile: /etc/kubernetes/etcd/client.crt
    keyFile: /etc/kubernetes/etcd/client.key
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
resolvConf: /etc/resolv-bench.conf
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
conntrack: { maxPerCore: 0 }
YAML
}

# $1: a master's address; none: a worker
join_configuration() {
  cat <<YAML
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery: { bootstrapToken: { token: $token, apiServerEndpoint: "${balancer%%=*}:6443", unsafeSkipCAVerification: true } }
$registration
YAML
  [ -z "$1" ] || echo "controlPlane: { certificateKey: $certificate_key, localAPIEndpoint: { advertiseAddress: $1 } }"
}

haproxy_configuration() {
  cat <<CFG
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend api
  bind :6443
  default_backend masters
backend masters
  option httpchk GET /readyz
  default-server check check-ssl verify none inter 1s
CFG
  for master in $masters; do echo "  server ${master%%=*} ${master#*=}:6443"; done
}

balancer() { haproxy_configuration | on "$balancer" "sh -c '$balance'"; }

node() {
  tar -C "$files" -chf - . | on "$1" "sh -c '$prepare' prepare $repository/pause:3.10.2 $services"
}

external_etcd() {
  # shellcheck disable=SC2086 # a list
  "$here/three-members.sh" "$work/etcd" "$etcd_binaries" "$identity" "$known_hosts" $etcd
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/client.key" -subj /CN=kube-apiserver \
    2>/dev/null | openssl x509 -req -CA "$work/etcd/ca.crt" -CAkey "$work/etcd/ca.key" -CAcreateserial -days 365 \
    -extfile <(echo extendedKeyUsage=clientAuth) -out "$work/client.crt" 2>/dev/null
  cp "$work/etcd/ca.crt" "$work/ca.crt"
}

kubectl() { on "$first" kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"; }

objects() { sed "s|@FLANNEL@|$flannel|; s|@PODS@|$pods|" "$here/kubernetes-objects.yaml" | kubectl apply -f - >/dev/null; }

join() {
  join_configuration "$2" | on "$1" 'cat >/root/join.yaml && kubeadm join --config /root/join.yaml' >"$work/${1%%=*}.log" 2>&1
}

# $1: what was done since the last one
started=$EPOCHREALTIME
stage() {
  ended=$EPOCHREALTIME
  awk -v from="$started" -v to="$ended" -v what="$1" 'BEGIN { printf "stage %.2f %s\n", to - from, what }'
  started=$ended
}

pids=
background() {
  "$@" &
  pids="$pids $!"
}
all_done() {
  for pid in $pids; do wait "$pid"; done
  pids=
}

umask 077
mkdir -p "$work"
trap '[ $? = 0 ] || tail -n 5 "$work"/*.log >&2' EXIT
background external_etcd
background balancer
for one in $masters $workers; do background node "$one"; done
all_done
stage 'etcd, programs and images'

init_configuration >"$work/kubeadm.yaml"
tar -C "$work" -cf - ca.crt client.crt client.key kubeadm.yaml |
  on "$first" 'mkdir -p /etc/kubernetes/etcd && tar -C /etc/kubernetes/etcd -xf - &&
    kubeadm init --config /etc/kubernetes/etcd/kubeadm.yaml --upload-certs' >"$work/init.log" 2>&1
stage 'kubeadm init'

background objects
for one in $others; do background join "$one" "${one#*=}"; done
for one in $workers; do background join "$one" ''; done
all_done
stage 'kubeadm join'
kubectl wait --for=condition=Ready nodes --all --timeout=300s >/dev/null
kubectl -n kube-system rollout status deployment/coredns --timeout=300s >/dev/null
kubectl rollout status deployment/bench --timeout=300s >/dev/null
stage 'nodes, DNS and pods ready'
