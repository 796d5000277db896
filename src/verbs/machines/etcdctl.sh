# Runs etcdctl as user etcd, its settings coming from the arguments alone: of the machine's environment (an ETCDCTL_*, a proxy)
# nothing comes this far.
#
#   $1   ETCDCTL_API: 2 or 3
#   $2…  etcdctl's arguments

# 3.4 and newer speak v3 unless told otherwise, and from 3.6 on etcdctl warns of the variable. Only those before have no
# etcdutl beside them, or are 3.4, which takes it.
if [ "$1" = 2 ] || ! command -v etcdutl >/dev/null; then
  ETCDCTL_API=$1
  export ETCDCTL_API
fi
shift
cd /
exec runuser -u etcd -- etcdctl "$@"
