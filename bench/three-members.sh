#!/bin/sh
# The yardstick for `quorate apply`: the bare minimum that brings up TLS members on pristine machines, as somebody would
# write it by hand for one afternoon. Nothing is checked, nothing can be run twice, nothing is explained.
#
# usage: three-members.sh WORK-FOLDER BINARIES-FOLDER IDENTITY KNOWN-HOSTS NAME=ADDRESS…
# shellcheck disable=SC2016 # programs for the machines: they expand there
set -eu
work=$1 binaries=$2 identity=$3 known_hosts=$4
shift 4

cluster=
for node in "$@"; do cluster="${cluster:+$cluster,}${node%%=*}=https://${node#*=}:2380"; done
binary_names=$(cd "$binaries" && ls etcd*)

on() {
  address=$1
  shift
  ssh -F none -i "$identity" -o UserKnownHostsFile="$known_hosts" -o StrictHostKeyChecking=yes -o BatchMode=yes \
    -o Compression=no -l root "$address" "$@"
}

# On the node: binaries from standard input, the user, the folders, a key and its certificate request, which is printed.
prepare='set -eu
useradd --system --user-group --shell /bin/false --no-create-home etcd
install -d -o etcd -g etcd -m 0700 /opt/etcd/data /opt/etcd/wal /etc/ssl/etcd
tar -C /usr/local/bin -xf -
cd /etc/ssl/etcd
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout etcd.key -subj "/CN=$1" 2>/dev/null'

# On the node: certificates from standard input; environment and unit; start without waiting for the others.
start='set -eu
tar -C /etc/ssl/etcd -xf -
chown -R etcd:etcd /etc/ssl/etcd
chmod 600 /etc/ssl/etcd/etcd.key
mkdir -p /etc/etcd
cat > /etc/etcd/options.env <<ENV
ETCD_NAME=$1
ETCD_DATA_DIR=/opt/etcd/data
ETCD_LISTEN_PEER_URLS=https://$2:2380
ETCD_LISTEN_CLIENT_URLS=https://$2:2379,https://127.0.0.1:2379
ETCD_INITIAL_ADVERTISE_PEER_URLS=https://$2:2380
ETCD_ADVERTISE_CLIENT_URLS=https://$2:2379
ETCD_INITIAL_CLUSTER=$3
ETCD_INITIAL_CLUSTER_STATE=new
ETCD_INITIAL_CLUSTER_TOKEN=bench
ETCD_TRUSTED_CA_FILE=/etc/ssl/etcd/ca.crt
ETCD_CERT_FILE=/etc/ssl/etcd/etcd.crt
ETCD_KEY_FILE=/etc/ssl/etcd/etcd.key
ETCD_CLIENT_CERT_AUTH=true
ETCD_PEER_TRUSTED_CA_FILE=/etc/ssl/etcd/ca.crt
ETCD_PEER_CERT_FILE=/etc/ssl/etcd/etcd.crt
ETCD_PEER_KEY_FILE=/etc/ssl/etcd/etcd.key
ETCD_PEER_CLIENT_CERT_AUTH=true
ENV
cat > /etc/systemd/system/etcd.service <<UNIT
[Service]
Type=notify
User=etcd
EnvironmentFile=/etc/etcd/options.env
ExecStart=/usr/local/bin/etcd
[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --quiet etcd
systemctl start --no-block etcd'

healthy='until etcdctl --cacert /etc/ssl/etcd/ca.crt --cert /etc/ssl/etcd/etcd.crt --key /etc/ssl/etcd/etcd.key \
  --endpoints "$1" endpoint health >/dev/null 2>&1; do sleep 0.1; done'

member() {
  name=$1 address=$2
  folder=$work/$name
  mkdir -p "$folder"
  # shellcheck disable=SC2086 # file names without spaces
  tar -C "$binaries" -cf - $binary_names | on "$address" "sh -c '$prepare' prepare $name" >"$folder/etcd.csr"
  printf 'subjectAltName=IP:%s,IP:127.0.0.1,DNS:%s\nextendedKeyUsage=clientAuth,serverAuth\n' "$address" "$name" \
    >"$folder/extensions"
  openssl x509 -req -in "$folder/etcd.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -days 365 \
    -extfile "$folder/extensions" -out "$folder/etcd.crt" 2>/dev/null
  cp "$work/ca.crt" "$folder/ca.crt"
  tar -C "$folder" -cf - ca.crt etcd.crt | on "$address" "sh -c '$start' start $name $address $cluster"
}

umask 077
mkdir -p "$work"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=bench CA' \
  -keyout "$work/ca.key" -out "$work/ca.crt" 2>/dev/null
pids='' endpoints=''
for node in "$@"; do
  member "${node%%=*}" "${node#*=}" &
  pids="$pids $!"
  endpoints="${endpoints:+$endpoints,}https://${node#*=}:2379"
done
for pid in $pids; do wait "$pid"; done
on "${1#*=}" "sh -c '$healthy' healthy $endpoints"
