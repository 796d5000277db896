/** Permissions in the cluster that quorate manages. Pure. */
import type { KubernetesSpec } from '../../spec/kubernetes.ts'
import { type ApiObject, apiVersionOf } from '../api-objects.ts'

/** The group (O=) in the certificate of quorate's own operator. */
export const OPERATORS = 'quorate:operators'

/** The group in the certificate of kubeadm's admin.conf. */
export const ADMINS = 'kubeadm:cluster-admins'

/** Groups that are built into the API server. */
const KUBELETS = 'system:nodes'

const GROUP = 'rbac.authorization.k8s.io'

/**
 * Gives the operator access. Only a user with equal permissions can create it: the first time, a certificate of
 * system:masters.
 */
export const OPERATORS_BINDING = binding(OPERATORS, 'cluster-admin', OPERATORS)

/**
 * All required bindings. kubeadm's have kubeadm's own names, so that `kubeadm` run by hand finds what the phases that
 * quorate skips would have created: `kubeconfig` (admin.conf), `bootstrap-token`.
 */
export function rbacObjects({ pki }: Pick<KubernetesSpec, 'pki'>): readonly ApiObject[] {
  return [
    OPERATORS_BINDING,
    binding(ADMINS, 'cluster-admin', ADMINS),
    // The controller-manager signs a kubelet's next client certificate only once it is approved. This permits the
    // approval.
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
