/**
 * Enables TLS on a cluster whose peers use http. etcd accepts one scheme on its peer listener. As a client, it uses the
 * scheme of each peer's URL, and TLS only if it was started with certificates. So no member may switch to https before
 * every other one was restarted with certificates. Then each switches by itself, like for any change of address.
 */
import { parseEnvironmentFile } from '../../../etcd/environment-file.ts'
import { peerUrlsOf, tlsPaths } from '../../../etcd/configuration.ts'
import { PATHS } from '../../../host/state.ts'
import { type Cluster, type Node, etcdNodes } from '../../../spec/cluster.ts'
import type { MemberFacts, Observed } from '../facts/observed.ts'
import type { BlockReason } from '../../../engine/step.ts'
import { trustRestartReasons } from './trust.ts'

/** The cluster with the peer URLs that its members should have now: `plainPeer` is set where http is still needed. */
export function peersForNow(cluster: Cluster, observed: Observed): Cluster {
  const members = new Set(etcdNodes(cluster).map(({ name }) => name))
  const plain = cluster.nodes.filter((node) => members.has(node.name) && isPlain(cluster, node, observed))
  if (plain.length === 0 || mayMove(cluster, observed)) return cluster
  const newcomers = etcdNodes(cluster).filter((node) => schemeOf(cluster, node, observed) === undefined)
  const stay = new Set([...plain, ...newcomers].map(({ name }) => name))
  return {
    ...cluster,
    nodes: cluster.nodes.map((node) => (stay.has(node.name) ? { ...node, plainPeer: true } : node)),
  }
}

/** If a member doesn't run and no member can be asked about it, only its own settings show its scheme. */
export function unknownSchemes(cluster: Cluster, observed: Observed): BlockReason[] {
  if (!cluster.etcd.plaintextClients || (observed.cluster?.members.length ?? 0) > 0) return []
  return etcdNodes(cluster)
    .filter(({ name }) => {
      const state = observed.hosts[name]?.member
      return state?.unit.environment === undefined && state?.dataPresent === true
    })
    .filter((node) => schemeOf(cluster, node, observed) === undefined)
    .map(({ name }) => ({
      id: 'unknown-peer-scheme',
      host: name,
      message: `the peer scheme (http or https) is unknown: etcd does not run, no member answers, and ${PATHS.environment} does not exist`,
      hint: 'start etcd on that node the way it ran before, then run quorate apply',
    }))
}

/** Every member was started with the certificates that it needs to connect to its peers with https. */
function mayMove(cluster: Cluster, observed: Observed): boolean {
  const facts = observed.cluster
  // Without a leader no new address can be announced.
  if (facts?.leader === undefined) return false
  const nodes = etcdNodes(cluster)
  return facts.members.every((member) => {
    const node = nodes.find((one) => isOf(cluster, one, member))
    return node !== undefined && isPrepared(cluster, node, observed)
  })
}

/** A stopped member gets its certificates before it is started. */
function isPrepared({ pki }: Cluster, { name }: Node, { hosts, authority }: Observed): boolean {
  const state = hosts[name]?.member
  if (state === undefined) return false
  const { active, environment } = state.unit
  if (active === 'inactive' || active === 'failed') return true
  if (environment === undefined) return false
  const files = tlsPaths(pki.layout)
  return (
    environment['ETCD_PEER_CERT_FILE'] === files.peerCert &&
    environment['ETCD_PEER_KEY_FILE'] === files.peerKey &&
    environment['ETCD_PEER_TRUSTED_CA_FILE'] === files.ca &&
    trustRestartReasons(authority.bundle, state).length === 0
  )
}

function isPlain(cluster: Cluster, node: Node, observed: Observed): boolean {
  return schemeOf(cluster, node, observed) === 'http'
}

/** Its peer scheme, from the members or else from its own settings; undefined: unknown. */
function schemeOf(cluster: Cluster, node: Node, observed: Observed): 'http' | 'https' | undefined {
  const member = observed.cluster?.members.find((one) => isOf(cluster, node, one))
  const state = observed.hosts[node.name]?.member
  const file = state?.contents[PATHS.environment]
  const own = file === undefined ? state?.unit.environment : parseEnvironmentFile(file)
  const urls = member?.peerUrls ?? own?.['ETCD_INITIAL_ADVERTISE_PEER_URLS']?.split(',')
  if (urls === undefined || urls.length === 0) return undefined
  return urls.some((url) => /^\s*http:/i.test(url)) ? 'http' : 'https'
}

/** By its name; without one, or with another, by its address in either scheme. */
function isOf(cluster: Cluster, node: Node, { name, peerUrls }: MemberFacts): boolean {
  if (name === node.name) return true
  const named = etcdNodes(cluster).some((other) => other.name === name)
  return !named && peerUrlsOf(cluster, node).some((url) => peerUrls.includes(url))
}
