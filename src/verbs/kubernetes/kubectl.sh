# Runs kubectl with the administrator's credentials of this control-plane node, if its own API server is ready. Settings
# come only from the arguments: nothing of the node's environment gets here.
#
#   $1   the API server of this node, as a URL
#   $2…  kubectl's arguments
#
# Exits with 93 if this node's API server is not ready, and with 94 if kubectl is not installed, before kubectl starts.

server=$1
shift
KUBECONFIG=/etc/kubernetes/admin.conf
export KUBECONFIG
cd /
[ -x /usr/local/bin/kubectl ] && [ -r "$KUBECONFIG" ] || exit 94
/usr/local/bin/kubectl --server "$server" --request-timeout 5s get --raw /readyz </dev/null >/dev/null 2>&1 || exit 93
# Not through the load balancer that the kubeconfig names: it may be the cause of the problem.
exec /usr/local/bin/kubectl --server "$server" "$@"
