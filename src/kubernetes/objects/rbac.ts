/** Who may do what in the cluster, as far as quorate sees to it. Pure. */
import type { KubernetesSpec } from '../../spec/kubernetes.ts'
import { type ApiObject, apiVersionOf } from '../api-objects.ts'

/** The group (O=) in the certificate of quorate's own operator. */
export const OPERATORS = 'quorate:operators'

/** The group in the certificate of kubeadm's admin.conf. */
export const ADMINS = 'kubeadm:cluster-admins'

/** Groups that the API server knows by itself. */
const KUBELETS = 'system:nodes'

const GROUP = 'rbac.authorization.k8s.io'

/** Lets the operator in. Only somebody with another right to it can make it: the first time, a certificate of system:masters. */
export const OPERATORS_BINDING = binding(OPERATORS, 'cluster-admin', OPERATORS)

/**
 * All bindings that have to be there. kubeadm's come by kubeadm's own names, so that a `kubeadm` that is run by hand finds what it
 * would have made in the phases that quorate leaves out: `kubeconfig` (admin.conf), `bootstrap-token`.
 */
export function rbacObjects({ pki }: Pick<KubernetesSpec, 'pki'>): readonly ApiObject[] {
  return [
    OPERATORS_BINDING,
    binding(ADMINS, 'cluster-admin', ADMINS),
    // The controller-manager signs a kubelet's next client certificate only if it is approved, and this lets it approve it.
    ...(pki.caKey === 'masters'
      ? [
          binding(
            'kubeadm:node-autoapprove-certificate-rotation',
            'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
            KUBELETS,
          ),
        ]
      : []),
  ]
}

function binding(name: string, role: string, group: string): ApiObject {
  return {
    apiVersion: apiVersionOf('ClusterRoleBinding'),
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: GROUP, kind: 'Group', name: group }],
  }
}
