/** The audit policy of the API server. Pure. */
import { stringify } from 'yaml'

/**
 * The text of an audit policy. It logs who changed or read what, but no contents, so that no secret gets into the log.
 * It also omits the constant requests of components, which would hide everything else.
 */
export function auditPolicy(): string {
  return (text ??= rendered())
}

/** Rendered once, and not before it is asked for: a planner asks for it several times at each look. */
let text: string | undefined

function rendered(): string {
  const nodes = { userGroups: ['system:nodes'] }
  const [core, coordination] = ['', 'coordination.k8s.io']
  return stringify(
    {
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      // The event at the start of a request adds nothing to the one at its end.
      omitStages: ['RequestReceived'],
      rules: [
        { level: 'Metadata', resources: [{ group: core, resources: ['secrets', 'serviceaccounts/token'] }] },
        { level: 'None', nonResourceURLs: ['/healthz*', '/livez*', '/readyz*', '/version', '/openapi*'] },
        { level: 'None', resources: [{ group: core, resources: ['events'] }, { group: 'events.k8s.io' }] },
        { level: 'None', resources: [{ group: coordination, resources: ['leases'] }] },
        {
          level: 'None',
          ...nodes,
          verbs: ['get', 'patch', 'update'],
          resources: [{ group: core, resources: ['nodes', 'nodes/status', 'pods/status'] }],
        },
        {
          level: 'None',
          users: [
            'system:kube-controller-manager',
            'system:kube-scheduler',
            'system:serviceaccount:kube-system:kube-proxy',
          ],
          verbs: ['get', 'list', 'watch'],
        },
        { level: 'None', ...nodes, verbs: ['get', 'list', 'watch'] },
        { level: 'Metadata' },
      ],
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  )
}
