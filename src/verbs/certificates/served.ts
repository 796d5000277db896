/** Checks which certificate a member actually serves: on both of its ports, it must be the one on its disk. */
import { QuorateError, combineErrors } from '../../errors.ts'
import { describeCertificate } from '../../pki/certificate.ts'
import type { Observed } from '../../tiers/etcd/facts/observed.ts'
import { servedOn } from '../../tiers/etcd/perform/served.ts'
import type { Session } from '../../tiers/etcd/session.ts'
import type { Node } from '../../spec/cluster.ts'

/** Stable and documented in docs/guides/renew-certificates.md. */
export interface ServedCheck {
  readonly host: string
  /** Which of the member's ports. */
  readonly port: 'client' | 'peer'
  /** Upper-case hexadecimal. */
  readonly serial: string
  /** On one line, `CN=…`. */
  readonly issuer: string
  /** ISO 8601, UTC. */
  readonly notAfter: string
}

/**
 * Connects to both ports of every running member. A member that still waits for quorum (`activating`) does not answer
 * clients yet, nor peers in its first moments: the ports that it does not serve are left out.
 * @throws QuorateError `unhealthy` naming every port that serves another certificate than the one on disk, or doesn't
 *   answer
 */
export async function checkServed(
  session: Session,
  nodes: readonly Node[],
  { hosts }: Observed,
): Promise<readonly ServedCheck[]> {
  const running = nodes.filter(({ name }) => (hosts[name]?.member?.unit.mainPid ?? 0) !== 0)
  const outcomes = await Promise.all(
    running.map(async (node) => {
      const served = await servedOn(session, node)
      const certificates = hosts[node.name]?.member?.tls.certificates ?? {}
      const { layout } = session.cluster.pki
      const [client, peer] = layout === 'single' ? ['etcd', 'etcd'] : ['server', 'peer']
      const waits = hosts[node.name]?.member?.unit.active !== 'active'
      return [
        ...(waits && served.client === undefined
          ? []
          : [check(node.name, 'client', served.client, certificates[client ?? '']?.pem)]),
        ...(waits && served.peer === undefined
          ? []
          : [check(node.name, 'peer', served.peer, certificates[peer ?? '']?.pem)]),
      ]
    }),
  )
  const results = outcomes.flat()
  const errors = results.filter((result) => result instanceof QuorateError)
  if (errors.length > 0) throw combineErrors(errors)
  return results.flatMap((result) => (result instanceof QuorateError ? [] : [result]))
}

function check(
  host: string,
  port: ServedCheck['port'],
  served: string | undefined,
  onDisk: string | undefined,
): ServedCheck | QuorateError {
  if (served === undefined) {
    const hint = `check whether etcd runs: quorate run ${host} -- systemctl status etcd`
    return new QuorateError('unhealthy', `no answer with TLS on its ${port} port`, {
      id: 'no-tls-answer',
      host,
      hint,
    })
  }
  const { serial, issuer, notAfter } = describeCertificate(served)
  const wanted = onDisk === undefined ? undefined : describeCertificate(onDisk).serial
  if (serial === wanted) return { host, port, serial, issuer, notAfter: notAfter.toISOString() }
  const message = `the ${port} port serves certificate ${serial}, but on the disk is ${wanted ?? 'none'}`
  const hint = 'check whether etcd uses other files than those in /etc/ssl/etcd: quorate plan'
  return new QuorateError('unhealthy', message, { host, hint })
}
