/**
 * The phases of kubeadm that quorate runs, each by itself: which, what must be there before, what comes of it. Pure.
 *
 * All of them are run as `kubeadm init phase … --config FILE`, with an empty environment but for PATH: kubeadm writes the proxies
 * that it finds in its environment into each manifest. All but `control-plane` ask the API server of their own machine, as
 * /etc/kubernetes/admin.conf says. All may be run again. Times are of lab machines beside a load of 20 to 40 on two processors.
 */
import { PLACES } from './places.ts'

export type Phase = 'control-plane' | 'upload-config' | 'coredns' | 'kube-proxy' | 'mark-control-plane'

const WORDS: Readonly<Record<Phase, readonly string[]>> = {
  /**
   * Manifests of static pods; 0.2 s. Wants no API server, no kubelet and no kubeconfig, and looks at no certificate, as long as
   * ca.key is in /etc/kubernetes/pki: a kubelet that starts later finds all of them. Masters need not wait for each other, nor for
   * the first API server. Workers' kubelets better start once that answers: whoever can't register tries again after up to 7 s. A pod is ready 10 to 20 s after its manifest; one that replaces another 40 s after, of which 10 are
   * `shutdown-delay-duration`, and through the balancer no request fails.
   *
   * Without ca.key kubeadm takes the CA for an external one, at *every* phase: then all certificates must be there, and admin.conf,
   * super-admin.conf, kubelet.conf, controller-manager.conf and scheduler.conf with the CA in them. Of super-admin.conf it reads
   * nothing but the CA and the server: for as long as a phase runs it can be a link to admin.conf, and no master needs the
   * credentials that no rule can take back.
   */
  'control-plane': ['control-plane', 'all'],
  /**
   * ConfigMaps `kubeadm-config` and `kubelet-config`, and roles that let nodes read them; 0.5 s. Wants the group of admin.conf
   * (`kubeadm:cluster-admins`) to be bound to `cluster-admin`: kubeadm does that by itself only with super-admin.conf.
   */
  'upload-config': ['upload-config', 'all'],
  /** Deployment with two pods, Service, ConfigMap and rights; 1 s. No node has to be there. */
  coredns: ['addon', 'coredns'],
  /** DaemonSet, ConfigMap and rights; 1 s. No node has to be there. */
  'kube-proxy': ['addon', 'kube-proxy'],
  /** Labels and the taint of a master, by its own file; 0.5 s. Wants the Node object, which the kubelet makes. */
  'mark-control-plane': ['mark-control-plane'],
}

/** What to start, without environment. */
export function phaseCommand(phase: Phase): readonly string[] {
  return ['kubeadm', 'init', 'phase', ...WORDS[phase], '--config', PLACES.kubeadm]
}

/** The manifests that `control-plane` writes. */
export const MANIFESTS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
  (name) => `${PLACES.manifests}/${name}.yaml`,
)
