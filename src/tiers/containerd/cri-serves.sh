# Whether the part of containerd that a kubelet talks to was loaded. What is no reason to stop containerd is one for a kubelet.
found=$(ctr plugins ls) || exit 1
# TYPE ID PLATFORMS STATUS; of containerd 2 the type and the ID of the service are the same.
printf '%s\n' "$found" | while read -r type id _ status; do
  if [ "$type $id" = 'io.containerd.grpc.v1 cri' ]; then echo "$status"; fi
done | grep -q -x ok || {
  echo 'its CRI plugin is not loaded: ctr plugins ls, and disabled_plugins in its configuration'
  exit 1
}
