/** What a stage's steps need from the workstation: binaries from the cache, certificates from the authority. */
import type { Artifact } from '../../../artifacts/artifact.ts'
import { QuorateError } from '../../../errors.ts'
import { namesOf, profileOf } from '../plan/certificates.ts'
import type { Observed } from '../facts/observed.ts'
import { mayLackMemberName } from '../plan/peer-identity.ts'
import type { Step } from '../steps/steps.ts'
import type { IssueRequest } from '../../../pki/authority.ts'
import { etcdNodes } from '../../../spec/cluster.ts'
import type { Session } from '../session.ts'

/** The binaries that these steps install, by architecture. */
export async function obtainArtifacts(
  session: Session,
  steps: readonly Step[],
): Promise<ReadonlyMap<string, Artifact>> {
  const architectures = new Set(
    steps.flatMap((step) => (step.kind === 'binaries' ? [step.architecture] : [])),
  )
  if (architectures.size === 0) return new Map()
  const { obtainEtcd } = await import('../../../artifacts/obtain.ts')
  const { cluster, cacheDirectory, signal, emit } = session
  const artifacts = new Map<string, Artifact>()
  for (const architecture of architectures) {
    if (architecture === 'other')
      throw new QuorateError('artifact', 'etcd is not available for this processor architecture')
    const context = {
      cacheDirectory,
      signal,
      emit: ({ text, doneBytes, totalBytes }: { text: string; doneBytes?: number; totalBytes?: number }) =>
        emit({ type: 'artifact', text, doneBytes, totalBytes }),
    }
    artifacts.set(architecture, await obtainEtcd(cluster.etcd, architecture, context))
  }
  return artifacts
}

/** All requests of the stage are signed at once: if the CA is on another host, that needs one round trip. */
export async function issueCertificates(
  session: Session,
  observed: Observed,
  steps: readonly Step[],
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const wanted = steps.flatMap((step) =>
    step.kind === 'certificates' ? step.names.map((name) => ({ host: step.host, name })) : [],
  )
  if (wanted.length === 0) return new Map()
  const requests = wanted.map(({ host, name }): IssueRequest => {
    const node = etcdNodes(session.cluster).find((candidate) => candidate.name === host)
    const csrPem = observed.hosts[host]?.member?.tls.pending[name]?.csr
    if (node === undefined || csrPem === undefined)
      throw new TypeError(`no request for ${name}.crt waits on ${host}`)
    return {
      csrPem,
      profile: profileOf(name),
      allowed: namesOf(session.cluster, node, name, {
        host: observed.hosts[host],
        authority: observed.authority,
      }),
      mayLackMemberName: mayLackMemberName(session.cluster, observed.hosts),
      days: session.cluster.pki.days,
      subjectCommonName: host,
    }
  })
  const authority = await session.authority()
  const issued = await authority.issueMany(requests, session.signal)
  const byHost = new Map<string, Record<string, string>>()
  for (const [index, { pem, warnings }] of issued.entries()) {
    const { host, name } = wanted[index] ?? { host: '', name: 'etcd' }
    for (const text of warnings) session.emit({ type: 'warning', host, text })
    byHost.set(host, { ...byHost.get(host), [name]: pem })
  }
  return byHost
}
