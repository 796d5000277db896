/**
 * How real etcd handles `peer-cert-allowed-hostname`: which certificates a member that requires a name accepts from
 * peers.
 */
import https from 'node:https'
import { describe, expect, test } from 'vitest'
import type { MemberTls } from '../../src/etcd/endpoint.ts'
import { memberName } from '../../src/spec/member-name.ts'
import { BUILT_VERSIONS, etcdBinaries } from './etcd-binaries.ts'
import { type LoopbackMember, startCluster } from './loopback-etcd.ts'

const NAME = memberName('prod')
const LOOPBACK = 'IP:127.0.0.1,DNS:localhost'
const USAGES = 'extendedKeyUsage=serverAuth,clientAuth'

/** Which certificates get an answer from the peer port, by their names; the common name is the case's. */
const CASES: readonly (readonly [commonName: string, names: string | undefined, taken: boolean])[] = [
  ['etcd01', `${LOOPBACK},DNS:${NAME}`, true],
  ['upper-case', `${LOOPBACK},DNS:${NAME.toUpperCase()}`, true],
  ['wildcard', `${LOOPBACK},DNS:*.${NAME.slice(NAME.indexOf('.') + 1)}`, true],
  ['nameless', LOOPBACK, false],
  ['other-cluster', `${LOOPBACK},DNS:${memberName('other')}`, false],
  ['client', undefined, false],
  [NAME, undefined, false],
]

describe.each(['bookworm', 'trixie', 'sid', ...BUILT_VERSIONS] as const)('etcd of %s', (suite) => {
  test('takes peers with the name alone, as DNS names are compared', async () => {
    const { directory } = await etcdBinaries(suite)
    await using cluster = await startCluster(directory, 1, { 'peer-cert-allowed-hostname': NAME })
    const [member] = cluster.members
    if (member === undefined) throw new TypeError('no member')
    const answers = []
    for (const [commonName, names] of CASES) {
      const extensions = names === undefined ? USAGES : `${USAGES}\nsubjectAltName=${names}`
      answers.push([commonName, names, await isTaken(member, await cluster.issue(commonName, extensions))])
    }
    expect(answers).toEqual(CASES)
  })
})

/** It listens immediately after its start; until then, the request is repeated. */
async function isTaken(member: LoopbackMember, tls: MemberTls): Promise<boolean> {
  for (;;) {
    try {
      return (await ask(member, tls)) === 200
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') return false
    }
  }
}

async function ask({ peerUrl }: LoopbackMember, { ca, cert, key }: MemberTls): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const request = https.get(`${peerUrl}/version`, { ca, cert, key, agent: false }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode))
    })
    request.once('error', reject)
  })
}
