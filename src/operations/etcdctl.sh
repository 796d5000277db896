# Runs etcdctl as user etcd, its settings coming from the arguments alone: an ETCDCTL_* that the machine sets
# (/etc/environment) would contradict them.
#
#   $1   ETCDCTL_API: 2 or 3
#   $2…  etcdctl's arguments

for name in $(env | sed -n 's/^\(ETCDCTL_[A-Za-z0-9_]*\)=.*/\1/p'); do
  unset "$name"
done
# A plain user's path may lack the folders that these are in.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH
# 3.4 and newer speak v3 unless told otherwise, and from 3.6 on etcdctl warns of the variable. Only those before have no
# etcdutl beside them, or are 3.4, which takes it.
if [ "$1" = 2 ] || ! command -v etcdutl >/dev/null; then
  ETCDCTL_API=$1
  export ETCDCTL_API
fi
shift
cd /
exec runuser -u etcd -- etcdctl "$@"
