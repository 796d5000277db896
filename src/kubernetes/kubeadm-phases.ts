/**
 * The kubeadm phases that quorate runs, one by one: their requirements and results. Pure.
 *
 * Each runs as `kubeadm init phase … --config FILE`, with only PATH in its environment: kubeadm writes proxies from its
 * environment into each manifest. All but `control-plane` connect to their own node's API server, as in
 * /etc/kubernetes/admin.conf. All can be repeated. Times are from lab nodes with a load of 20 to 40 on two processors.
 */
import { PLACES } from './places.ts'

export type Phase = 'control-plane' | 'upload-config' | 'coredns' | 'kube-proxy' | 'mark-control-plane'

const WORDS: Readonly<Record<Phase, readonly string[]>> = {
  /**
   * Writes manifests of static pods; 0.2 s. Needs no API server, kubelet or kubeconfig, and reads no certificate as
   * long as ca.key is in /etc/kubernetes/pki: a kubelet that starts later finds all manifests. Control-plane nodes need
   * not wait for each other, nor for the first API server. Start workers' kubelets once an API server answers: a
   * kubelet that can't register retries only after up to 7 s. A pod is ready 10 to 20 s after its manifest. One that
   * replaces another takes 40 s, 10 of them for `shutdown-delay-duration`, and no request through the load balancer
   * fails.
   *
   * Without ca.key, kubeadm assumes an external CA at *every* phase. Then all certificates must exist, and admin.conf,
   * super-admin.conf, kubelet.conf, controller-manager.conf and scheduler.conf must contain the CA. It only reads the
   * CA and the server from super-admin.conf. So that file can be a link to admin.conf while a phase runs, and no
   * control-plane node needs credentials that can't be revoked.
   */
  'control-plane': ['control-plane', 'all'],
  /**
   * ConfigMaps `kubeadm-config` and `kubelet-config`, and roles that let nodes read them; 0.5 s. Requires that
   * admin.conf's group (`kubeadm:cluster-admins`) is bound to `cluster-admin`: kubeadm does that itself only with
   * super-admin.conf.
   */
  'upload-config': ['upload-config', 'all'],
  /** Deployment with two pods, Service, ConfigMap and permissions; 1 s. Needs no node. */
  coredns: ['addon', 'coredns'],
  /** DaemonSet, ConfigMap and permissions; 1 s. Needs no node. */
  'kube-proxy': ['addon', 'kube-proxy'],
  /**
   * Labels and the taint of a control-plane node, from its own file; 0.5 s. Needs the Node object, which the kubelet
   * creates.
   */
  'mark-control-plane': ['mark-control-plane'],
}

/** The command, without its environment. */
export function phaseCommand(phase: Phase): readonly string[] {
  return ['kubeadm', 'init', 'phase', ...WORDS[phase], '--config', PLACES.kubeadm]
}

/** The manifests that `control-plane` writes. */
export const MANIFESTS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
  (name) => `${PLACES.manifests}/${name}.yaml`,
)
