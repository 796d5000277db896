/**
 * `quorate kubeconfig`: gives a person access to the Kubernetes API. The key is created on this workstation, and only
 * in that person's file.
 */
import path from 'node:path'
import { runVerb } from '../../engine/run-verb.ts'
import { QuorateError } from '../../errors.ts'
import { requireOwnOutput } from '../../files/state-folder.ts'
import { openKubernetesAuthorities } from '../../kubernetes/authorities.ts'
import { ADMINISTRATORS, balancedServer } from '../../kubernetes/certificates.ts'
import { base64, renderKubeconfig } from '../../kubernetes/kubeconfig.ts'
import { kubernetesDirectory } from '../../kubernetes/local-home.ts'
import { MASTERS } from '../../kubernetes/operator.ts'
import { NO_NAMES } from '../../pki/names.ts'
import { checkedSubjectName } from '../../pki/openssl-config.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { firstLine, requireOurs, writeOurs } from './own-kubeconfig.ts'

export interface KubeconfigOptions {
  /** The user's name for the API server; default: `admin`. */
  readonly user?: string | undefined
  /** Groups; default if there is no user either: kubeadm's administrators. */
  readonly groups: readonly string[]
  /** Validity in days; default: `kubernetes.pki.days`. */
  readonly days?: number | undefined
  /** Absolute path; default: in the state directory. */
  readonly file?: string | undefined
  /** Called for the group system:masters; throws to stop. */
  readonly confirmMasters: (user: string) => Promise<void>
}

export interface MadeKubeconfig {
  readonly file: string
  readonly user: string
  readonly groups: readonly string[]
  readonly server: string
  /** ISO 8601 */
  readonly expires: string
  /** Complete sentences. */
  readonly warnings: readonly string[]
}

/** @throws QuorateError `usage` for names reserved for the cluster; `state` for a file that is not quorate's; `pki` */
export async function makeKubeconfig(session: Session, options: KubeconfigOptions): Promise<MadeKubeconfig> {
  const { user, groups } = subjectOf(options)
  const file = options.file ?? path.join(kubernetesDirectory(session.cluster), 'users', `${user}.conf`)
  const { result } = await runVerb<Session, true, MadeKubeconfig>(session, {
    name: 'kubeconfig',
    decide: async (own) => {
      await requirePossible(own, file)
      return true
    },
    confirm: async () => {
      if (groups.includes(MASTERS)) await options.confirmMasters(user)
    },
    // Everything happens on this workstation.
    scope: () => 'none',
    same: () => true,
    lookHint: 'quorate kubeconfig',
    probe: () => false,
    carryOut: async ({ session: own }) => await issue(own, { user, groups, file, days: options.days }),
  })
  return result
}

/** @throws QuorateError `usage` */
function subjectOf(options: KubeconfigOptions): {
  readonly user: string
  readonly groups: readonly string[]
} {
  const isDefault = options.user === undefined && options.groups.length === 0
  const user = options.user ?? 'admin'
  const groups = isDefault ? [ADMINISTRATORS] : [...new Set(options.groups)]
  const own = [user, ...groups.filter((group) => group !== MASTERS)].find((name) =>
    name.startsWith('system:'),
  )
  if (own !== undefined) {
    throw new QuorateError('usage', `${JSON.stringify(own)} is reserved for Kubernetes components`, {
      hint: `choose a name without 'system:', and bind a role to it: kubectl create clusterrolebinding NAME --clusterrole=ROLE --group=GROUP`,
    })
  }
  for (const name of [user, ...groups]) checkedSubjectName(name)
  return { user, groups }
}

/** @throws QuorateError */
async function requirePossible(session: Session, file: string): Promise<void> {
  const { cluster } = session
  if (cluster.kubernetes === undefined) {
    throw new QuorateError('usage', 'the cluster file has no Kubernetes section', {
      hint: 'add the section `kubernetes` (see docs/reference/cluster-file.md)',
    })
  }
  requireOwnOutput(path.dirname(file), 'leave')
  await requireOurs(file, cluster.name)
  const authorities = await openKubernetesAuthorities(session)
  if ((await authorities.bundles()) !== undefined) return
  // Creating a CA would create one that does not belong to the cluster, if a cluster exists.
  throw new QuorateError('pki', "can't sign the certificate: Kubernetes CA not found", {
    hint: 'put the state directory back, or set its path in the cluster file (`state`); if there is no cluster yet: quorate apply',
  })
}

interface Wanted {
  readonly user: string
  readonly groups: readonly string[]
  readonly file: string
  readonly days: number | undefined
}

async function issue(session: Session, { user, groups, file, days }: Wanted): Promise<MadeKubeconfig> {
  const { cluster, signal } = session
  const { makeCsr, makeKeyPair, privateKeyPem } = await import('../../pki/signer.ts')
  const { describeCertificate } = await import('../../pki/certificate.ts')
  const { kubernetes: authority } = await openKubernetesAuthorities(session)
  const keys = await makeKeyPair(cluster.pki.algorithm)
  const request = {
    csrPem: await makeCsr(user, keys, [], groups),
    profile: 'client',
    allowed: NO_NAMES,
    days: days ?? cluster.kubernetes?.pki.days ?? cluster.pki.days,
    subjectCommonName: user,
    organizations: groups,
  } as const
  const { pem, warnings } = await authority.issue(request, signal)
  const server = balancedServer(cluster)
  const text = renderKubeconfig({
    server,
    user,
    cluster: cluster.name,
    ca: await authority.trust(signal),
    credentials: { data: { certificate: base64(pem), key: base64(privateKeyPem(keys.privateKey)) } },
  })
  requireOwnOutput(path.dirname(file), 'make')
  await writeOurs(file, cluster.name, `${firstLine(cluster.name)}\n${text}`)
  const { notAfter } = describeCertificate(pem)
  return { file, user, groups, server, expires: notAfter.toISOString(), warnings }
}
