# Runs kubectl with the administrator's credentials of this master, if its own API server is ready; its settings come from the
# arguments alone: of the machine's environment nothing comes this far.
#
#   $1   the API server of this machine, as a URL
#   $2…  kubectl's arguments
#
# Ends with 93 if the API server here is not ready, and with 94 if there is no kubectl here, both before kubectl was started.

server=$1
shift
KUBECONFIG=/etc/kubernetes/admin.conf
export KUBECONFIG
cd /
[ -x /usr/local/bin/kubectl ] && [ -r "$KUBECONFIG" ] || exit 94
/usr/local/bin/kubectl --server "$server" --request-timeout 5s get --raw /readyz </dev/null >/dev/null 2>&1 || exit 93
# Not by the load balancer, which the file of credentials names: it may be what has failed.
exec /usr/local/bin/kubectl --server "$server" "$@"
