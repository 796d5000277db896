/** Proves what members serve and accept on live connections to their processes, instead of reading files. */
import https from 'node:https'
import { QuorateError, combineErrors } from '../../errors.ts'
import { bracket } from '../../etcd/bracket.ts'
import { PEER_IDENTITY, tlsPaths } from '../../etcd/configuration.ts'
import { tlsOptions } from '../../etcd/endpoint.ts'
import { Maintenance } from '../../etcd/gen/maintenance_pb.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import { type Node, etcdNodes } from '../../spec/cluster.ts'
import { type ServedCheck, checkServed } from './served.ts'
import program from './peer-answer.sh?raw'

const ANSWER_MS = 5_000

/** Whether this connection got through at all: any answer counts. */
type Question = (session: Session, node: Node) => Promise<void>

/**
 * Proves that every running member serves the certificates on its disk on both ports, and accepts the operator's
 * certificate. That certificate is from the signing CA, so the member trusts this CA. If a member accepts peers only by
 * a name that the operator's certificate doesn't have, the check runs on its node with the member's own certificate,
 * which is from the signing CA once those are issued.
 *
 * @throws QuorateError `unhealthy` naming every member that fails
 */
export async function proveTrust(session: Session, observed: Observed): Promise<readonly ServedCheck[]> {
  const nodes = etcdNodes(session.cluster)
  const served = await checkServed(session, nodes, observed)
  const running = nodes.filter(({ name }) => observed.hosts[name]?.member?.unit.active === 'active')
  const questions = running.flatMap((node) => [
    { node, port: 'client', ask: askClientPort },
    { node, port: 'peer', ask: demands(observed, node) ? askAsItself : askPeerPort },
  ])
  const answers = await Promise.all(
    questions.map(async ({ node, port, ask }) => await refusalOf(session, node, port, ask)),
  )
  const errors = answers.filter((answer) => answer !== undefined)
  if (errors.length > 0) throw combineErrors(errors)
  return served
}

async function refusalOf(
  session: Session,
  node: Node,
  port: string,
  ask: Question,
): Promise<QuorateError | undefined> {
  try {
    await ask(session, node)
    return undefined
  } catch (error) {
    session.signal.throwIfAborted()
    const reason = error instanceof Error ? error.message : String(error)
    const message = `the ${port} port of etcd rejects a certificate from the current CA: ${reason}`
    const hint = 'read its journal, then rerun the command to continue (completed steps stay done)'
    return new QuorateError('unhealthy', message, { host: node.name, hint, cause: error })
  }
}

function demands({ hosts }: Observed, { name }: Node): boolean {
  return Boolean(hosts[name]?.member?.unit.environment?.[PEER_IDENTITY])
}

const askAsItself: Question = async (session, node) => {
  const { pki, etcd } = session.cluster
  const { peerCert, peerKey, ca } = tlsPaths(pki.layout)
  const argv = ['sh', '-c', program, 'quorate-peer', `${bracket(node.address)}:${etcd.peerPort}`]
  const remote = await session.remote(node)
  const result = await remote.run({
    argv: [...argv, peerCert, peerKey, ca],
    root: true,
    signal: session.signal,
  })
  if (result.exitCode !== 0) throw new Error(result.stderr.trim() || `no answer within ${ANSWER_MS / 1000} s`)
}

const askClientPort: Question = async (session, node) => {
  const [client] = await session.members([node])
  await client?.call(Maintenance.method.status, {}, { timeoutMs: ANSWER_MS })
}

/** A peer serves `/version` to everyone who gets through TLS. */
const askPeerPort: Question = async (session, node) => {
  const [remote, tls] = await Promise.all([session.remote(node), session.credentials()])
  const { peerPort } = session.cluster.etcd
  const socketPath = await remote.forward({ address: node.address, port: peerPort })
  const endpoint = { name: node.name, target: { socketPath }, identity: node.address, tls }
  await new Promise<void>((resolve, reject) => {
    const signal = AbortSignal.any([session.signal, AbortSignal.timeout(ANSWER_MS)])
    const options = { ...tlsOptions(endpoint, 'http/1.1'), socketPath, path: '/version', timeout: ANSWER_MS }
    const request = https.get({ ...options, agent: false, signal }, (response) => {
      // Any response means that TLS succeeded. The rest may never end.
      resolve()
      response.destroy()
    })
    request.once('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)))
    request.once('error', reject)
  })
}
