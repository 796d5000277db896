/** What the hosts of a stage get: the agent's operations, and everything from the workstation that these need. */
import { headStart } from '../../../engine/head-start.ts'
import type { HostWork } from '../../../engine/host-work.ts'
import type { EngineStep } from '../../../engine/step.ts'
import type { OnHost } from '../../../engine/order.ts'
import { RESTORE } from '../../../host/extensions.ts'
import { looksFor } from '../../../host/observe.ts'
import type { Operation, Values } from '../../../host/operations.ts'
import type { Content } from '../../../host/parcel.ts'
import type { Node } from '../../../spec/cluster.ts'
import type { Observed } from '../facts/observed.ts'
import { type Session, allMembers } from '../session.ts'
import type { Supplies } from '../steps/kind.ts'
import { hostKind } from '../steps/kinds.ts'
import { incomingOf, isRestoreStep } from '../steps/restore.ts'
import type { HostStep, Step } from '../steps/steps.ts'
import { issueCertificates, obtainArtifacts } from './supplies.ts'

/** Obtains what the steps of all hosts need, each thing once. @returns each host's work */
export async function equip(
  session: Session,
  observed: Observed,
  steps: readonly Step[],
): Promise<(node: Node, own: readonly OnHost<Step>[]) => HostWork> {
  const [artifacts, certificates, beside] = await Promise.all([
    obtainArtifacts(session, steps),
    issueCertificates(session, observed, steps),
    Promise.all(
      (session.tiers ?? []).map(
        async ({ name, equip: obtain }) =>
          await obtain?.(session, { hosts: observed.hosts, facts: observed.beside?.[name] }, steps),
      ),
    ),
  ])
  // A member that trusts the CA of these certificates may trust no other, so the operator needs a certificate from it
  // too.
  if (certificates.size > 0) await headStart(async () => await session.prepareOperator())
  const bundle =
    certificates.size > 0 || steps.some((step) => step.kind === 'ca')
      ? await (await session.authority()).trust(session.signal)
      : undefined
  if (steps.some((step) => step.kind === 'start')) void headStart(async () => await soonAsked(session))
  return (node, own) => {
    const binaries = own.find((step) => step.kind === 'binaries')
    const supplies = {
      artifact: binaries && artifacts.get(binaries.architecture),
      certificates: certificates.get(node.name) ?? {},
      bundle,
      contents: (step: EngineStep) =>
        beside.map((contentsOf) => contentsOf?.(step)).find((contents) => contents !== undefined),
    }
    const operations = own.map((step) => hostKind(step).operations(step, supplies))
    return {
      operations,
      sendings: [...own.flatMap((step) => sendingsOf(step, supplies)), ...besideSendings(operations.flat())],
      looks: looksFor(session.cluster, node, session.tiers),
      incoming: incomingOf(own),
      extension: own.some(isRestoreStep) ? RESTORE : undefined,
    }
  }
}

/** Prepares for members that were just started: connections to them, and the code that asks them. */
async function soonAsked(session: Session): Promise<void> {
  await Promise.all([import('../../../etcd/view.ts'), import('../../../etcd/verify.ts'), allMembers(session)])
}

function sendingsOf(step: HostStep, { artifact }: Supplies): HostWork['sendings'] {
  if (step.kind === 'restore-stage') return [{ bytes: step.sizeBytes, what: 'the snapshot' }]
  if (step.kind !== 'binaries' || artifact === undefined) return []
  const bytes = artifact.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return bytes > 0 ? [{ bytes }] : []
}

/** For other tiers than etcd: files whose size they know. */
function besideSendings(operations: readonly Operation[]): HostWork['sendings'] {
  const bytes = operations
    .flatMap(([, values]) => Object.values<Values[string]>(values ?? {}))
    .reduce((sum, value) => sum + (isSized(value) ? (value.sizeBytes ?? 0) : 0), 0)
  return bytes > 0 ? [{ bytes }] : []
}

function isSized(value: Values[string]): value is Extract<Content, { readonly file: string }> {
  return typeof value === 'object' && 'file' in value
}
