/**
 * Which control-plane nodes have an API server, from what their nodes show and what their API servers answer. Pure.
 *
 * A kubelet starts the API server from a manifest. If the kubelet is stopped, and the manifest then deleted, the API server still
 * serves, and nothing on the node shows it. Here it is called hidden. A kubelet that starts ends it, or replaces it if there is a
 * manifest again.
 */
import type { Hosts } from '../../../engine/tier.ts'
import { NO_SERVICES } from '../../../host/services.ts'
import type { ServerFacts } from '../../../kubernetes/api-facts.ts'
import { type Cluster, nodesWith } from '../../../spec/cluster.ts'
import type { KubernetesTierFacts } from '../facts.ts'
import { KUBELET } from './files.ts'
import { MANIFESTS, manifestPath } from './manifests.ts'

/**
 * Names of control-plane nodes with a manifest, a secret or a certificate of a control plane: an API server may serve there. A
 * new node has none of them.
 */
export function startedMasters(cluster: Cluster, hosts: Hosts): readonly string[] {
  return namesOf(cluster, (name) => {
    const { files, secrets = {}, leaves = {} } = hosts[name]?.services ?? NO_SERVICES
    return (
      MANIFESTS.some((path) => files[path] !== undefined) ||
      Object.keys(secrets).length > 0 ||
      Object.values(leaves).some(({ certificate }) => certificate !== undefined)
    )
  })
}

/** Names of control-plane nodes with an API server's manifest. */
export function withManifest(cluster: Cluster, hosts: Hosts): readonly string[] {
  const manifest = manifestPath('apiserver')
  return namesOf(cluster, (name) => hosts[name]?.services?.files[manifest] !== undefined)
}

/** Names of control-plane nodes with a hidden API server. */
export function withHiddenServer(
  cluster: Cluster,
  hosts: Hosts,
  { api }: KubernetesTierFacts,
): readonly string[] {
  const shown = new Set(withManifest(cluster, hosts))
  // An active kubelet is ending it already. One that systemd starts again and again is not.
  const follows = (name: string) => hosts[name]?.services?.units[KUBELET]?.active === 'active'
  return namesOf(cluster, (name) => {
    const server = api?.servers[name]
    return !shown.has(name) && !follows(name) && (server?.late === true || ANSWERS.has(server?.state))
  })
}

const ANSWERS: ReadonlySet<ServerFacts['state'] | undefined> = new Set(['ready', 'not-ready', 'refused'])

/** Names of control-plane nodes with an API server: its manifest is there, or it is hidden. */
export function withApiServer(cluster: Cluster, hosts: Hosts, facts: KubernetesTierFacts): readonly string[] {
  const all = new Set([...withManifest(cluster, hosts), ...withHiddenServer(cluster, hosts, facts)])
  return namesOf(cluster, (name) => all.has(name))
}

/**
 * Names of masters with a manifest whose API server serves although their kubelet does not run. Their kubelets are started one at
 * a time.
 */
export function servingWithoutKubelet(
  cluster: Cluster,
  hosts: Hosts,
  { api }: KubernetesTierFacts,
): readonly string[] {
  return withManifest(cluster, hosts).filter((name) => {
    const server = api?.servers[name]
    const kubelet = hosts[name]?.services?.units[KUBELET]?.active
    return (server?.state === 'ready' || server?.late === true) && !isRunning(kubelet)
  })
}

/** @param active systemd's ActiveState */
export function isRunning(active: string | undefined): boolean {
  return active === 'active' || active === 'activating'
}

/** In the cluster file's order. */
function namesOf(cluster: Cluster, has: (name: string) => boolean): readonly string[] {
  return nodesWith(cluster, 'master').flatMap(({ name }) => (has(name) ? [name] : []))
}
