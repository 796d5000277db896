# Runs etcdctl as user etcd. Its settings come only from the arguments: nothing of the node's environment (an ETCDCTL_*
# variable, a proxy) gets here.
#
#   $1   ETCDCTL_API: 2 or 3
#   $2   the certificate that the arguments name; empty: none
#   $3…  etcdctl's arguments
#
# Exits with 94, before etcdctl starts, if the node was not set up: no user etcd, no etcdctl or no such certificate.

id etcd >/dev/null 2>&1 && command -v etcdctl >/dev/null && { [ -z "$2" ] || [ -e "$2" ]; } || exit 94

# From 3.4 on, v3 is the default, and from 3.6 on etcdctl warns about the variable. So it is set only for versions
# without etcdutl: older ones, and 3.4, which accepts it.
if [ "$1" = 2 ] || ! command -v etcdutl >/dev/null; then
  ETCDCTL_API=$1
  export ETCDCTL_API
fi
shift 2
cd /
exec runuser -u etcd -- etcdctl "$@"
