# Writes the CNI configuration for this node's subnet, completely or not at all: it makes the node ready.
# flannel's own CNI plugin does that for each pod. This configuration only needs the plugins of every distribution.
# $1: the file that flanneld writes  $2: the CNI configuration
set -eu
until [ -s "$1" ]; do sleep 0.2; done
FLANNEL_SUBNET='' FLANNEL_IPV6_SUBNET='' FLANNEL_MTU=''
. "$1"

# flanneld reports the first address of each subnet, which is the bridge's; the plugin needs the subnet itself.
ranges='' routes=''
if [ -n "$FLANNEL_SUBNET" ]; then
  address=${FLANNEL_SUBNET%/*} length=${FLANNEL_SUBNET#*/}
  ranges="[{\"subnet\":\"${address%.*}.$((${address##*.} - 1))/$length\"}]"
  routes='{"dst":"0.0.0.0/0"}'
fi
if [ -n "$FLANNEL_IPV6_SUBNET" ]; then
  address=${FLANNEL_IPV6_SUBNET%/*} length=${FLANNEL_IPV6_SUBNET#*/}
  ranges="${ranges:+$ranges,}[{\"subnet\":\"${address%1}/$length\"}]"
  routes="${routes:+$routes,}{\"dst\":\"::/0\"}"
fi

mkdir -p "${2%/*}"
# The runtime reads only files that end in .conflist, so it ignores this one.
new=${2%/*}/.quorate-flannel
cat >"$new" <<CNI
{
  "cniVersion": "1.0.0",
  "name": "flannel",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "cni0",
      "mtu": $FLANNEL_MTU,
      "isGateway": true,
      "hairpinMode": true,
      "ipam": { "type": "host-local", "ranges": [$ranges], "routes": [$routes] }
    },
    { "type": "portmap", "capabilities": { "portMappings": true } }
  ]
}
CNI
mv "$new" "$2"
