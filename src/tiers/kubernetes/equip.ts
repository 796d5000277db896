/** What steps of Kubernetes get from the workstation when a stage is prepared: certificates, kubeconfigs, secrets. */
import type { Hosts, TierSession } from '../../engine/tier.ts'
import type { LeafCertificateStep, SecretFileStep } from '../../engine/leaf-steps.ts'
import type { EngineStep } from '../../engine/step.ts'
import type { Contents } from '../../host/parcel.ts'
import {
  type KubernetesAuthorities,
  leafRequest,
  openKubernetesAuthorities,
} from '../../kubernetes/authorities.ts'
import { type Leaf, leavesOf } from '../../kubernetes/certificates.ts'
import { leafTemplate } from '../../kubernetes/leaf-template.ts'
import type { SecretId } from '../../kubernetes/secret-files.ts'
import { TIER } from './name.ts'

export async function equipKubernetes(
  session: TierSession,
  { hosts }: { readonly hosts: Hosts },
  steps: readonly EngineStep[],
): Promise<(step: EngineStep) => Contents | undefined> {
  const own = steps as readonly (LeafCertificateStep | SecretFileStep)[]
  const leaves = own.filter(
    (step): step is LeafCertificateStep => step.kind === 'leaf-certificate' && step.tier === TIER,
  )
  const secrets = own.filter(
    (step): step is SecretFileStep => step.kind === 'secret-file' && step.tier === TIER,
  )
  if (leaves.length + secrets.length === 0) return () => undefined
  const authorities = await openKubernetesAuthorities(session)
  const [issued, read] = [
    await issue(session, authorities, hosts, leaves),
    await readSecrets(authorities, secrets),
  ]
  return (step) => issued.get(step) ?? read.get(step)
}

/** Everything that one CA signs at once: if it is on another host, that needs one round trip. */
async function issue(
  session: TierSession,
  authorities: KubernetesAuthorities,
  hosts: Hosts,
  steps: readonly LeafCertificateStep[],
): Promise<ReadonlyMap<EngineStep, Contents>> {
  const { cluster } = session
  if (steps.length === 0) return new Map()
  const wanted = steps.map((step) => {
    const node = cluster.nodes.find(({ name }) => name === step.host)
    const leaf = node && leavesOf(cluster, node).find(({ id }) => id === step.leaf)
    const csr = hosts[step.host]?.services?.leaves?.[step.leaf]?.request?.csr
    if (leaf === undefined || csr === undefined)
      throw new TypeError(`no request for ${step.leaf} waits on ${step.host}`)
    return { step, leaf, request: leafRequest(cluster, leaf, csr) }
  })
  const certificates = await authorities.issueMany(wanted.map(({ request }) => request))
  const ca = await authorities.secret('ca')
  return new Map(
    wanted.map(({ step, leaf }, index) => {
      const { pem, warnings } = certificates[index] ?? { pem: '', warnings: [] }
      for (const text of warnings) session.emit({ type: 'warning', host: step.host, text })
      return [step, { pem: { text: pem }, ...templateOf(leaf, ca) }]
    }),
  )
}

function templateOf(leaf: Leaf, ca: string): Contents {
  return leaf.kubeconfig === undefined ? {} : { template: { text: leafTemplate(leaf, ca) } }
}

async function readSecrets(
  authorities: KubernetesAuthorities,
  steps: readonly SecretFileStep[],
): Promise<ReadonlyMap<EngineStep, Contents>> {
  const ids = [...new Set(steps.map(({ secret }) => secret as SecretId))]
  const texts = new Map<string, string>()
  // One after the other, because each may ask for the passphrase.
  for (const id of ids) texts.set(id, await authorities.secret(id))
  return new Map(steps.map((step) => [step, { content: { text: texts.get(step.secret) ?? '' } }]))
}
