/** etcd as a static pod, like kubeadm's. */
import type { Shape } from './foreign.ts'
import { KUBEADM } from './shapes.ts'

/**
 * kubeadm's, with a unit instead of the kubelet: it runs what the manifest says as long as the manifest exists, in the
 * control group of a pod, and restarts it when it ends.
 */
export const STATIC_POD: Shape = {
  ...KUBEADM,
  binaries: '/opt/image',
  unit: {
    path: '/etc/systemd/system/kubelet.service',
    text: () =>
      '[Service]\nExecStart=/opt/image/kubelet\nRestart=always\n\n[Install]\nWantedBy=multi-user.target\n',
  },
  files: (member) => [
    ...KUBEADM.files(member),
    {
      path: '/opt/image/kubelet',
      mode: '0755',
      text: `#!/bin/sh
manifest=/etc/kubernetes/manifests/etcd.yaml
scope=cri-containerd-0a1b2c.scope
while sleep 0.2; do
  if [ -f $manifest ]; then
    systemctl is-active --quiet $scope && continue
    systemctl reset-failed $scope 2>/dev/null
    flags=$(sed -n 's/^    - \\(--.*\\)/\\1/p' $manifest)
    systemd-run --quiet --scope --slice=kubepods.slice --unit=$scope /opt/image/etcd $flags 2>>/var/log/etcd-pod.log &
  elif systemctl is-active --quiet $scope; then
    systemctl stop $scope
  fi
done
`,
    },
  ],
}
