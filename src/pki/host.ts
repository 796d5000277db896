/**
 * The CA on its own node, the `root-ca-host`: requests are sent to it, openssl signs on it, and its key never leaves
 * it.
 */
import { X509Certificate } from 'node:crypto'
import { QuorateError } from '../errors.ts'
import { LOOK_MS } from '../ssh/limits.ts'
import type { Remote } from '../ssh/remote.ts'
import { type AskPassphrase, type Authority, type IssuedCertificate, type IssueRequest } from './authority.ts'
import type { CaPlace } from './ca-renewal.ts'
import { chainPem, parseCertificates, parseChain } from './chain.ts'
import { checkCertificate } from './check-certificate.ts'
import inspectProgram from './host-inspect.sh?raw'
import signProgram from './host-sign.sh?raw'
import { SIGNING_SECTION } from './openssl-config.ts'

export interface HostAuthorityOptions {
  readonly remote: Remote
  /** Absolute paths on that node. The certificate may be followed by its chain. */
  readonly certificate: string
  readonly key: string
  /** Signs as root on the host. */
  readonly sudo: boolean
  readonly askPassphrase: AskPassphrase
  readonly now: () => Date
  /** The CA's location, for the fix if it has expired. */
  readonly place?: CaPlace | undefined
}

interface HostCa {
  readonly chain: readonly [X509Certificate, ...X509Certificate[]]
  readonly key: 'missing' | 'unreadable' | 'encrypted' | 'plain'
  /** Whether every user of that node can read the key. */
  readonly open: boolean
}

/** The exit code of host-inspect.sh for a certificate that can't be read. */
const UNREADABLE = 66

/**
 * The CA on another node. Needs one round trip to read it (once for the authority's life), and one for any number of
 * requests. A passphrase is sent on standard input only.
 */
export function openHostAuthority(options: HostAuthorityOptions): Authority {
  const { remote } = options
  let inspected: Promise<HostCa> | undefined
  const inspectOnce = async (signal?: AbortSignal): Promise<HostCa> => {
    inspected ??= inspect(options, signal)
    try {
      return await inspected
    } catch (error) {
      inspected = undefined
      throw error
    }
  }
  const issueMany = async (requests: readonly IssueRequest[], signal?: AbortSignal) => {
    if (requests.length === 0) return []
    const ca = await inspectOnce(signal)
    const { prepareRequests } = await import('./host-requests.ts')
    const prepared = await prepareRequests(ca.chain, requests, options.now(), options.place)
    assertKey(ca, options)
    const passphrase =
      ca.key === 'encrypted'
        ? await options.askPassphrase(`the CA key ${options.key} on ${remote.host}`, signal)
        : ''
    if (/[\r\n]/.test(passphrase)) throw new QuorateError('pki', "a passphrase can't contain a line break")
    const result = await remote.run({
      argv: ['sh', '-c', signProgram, 'quorate', options.certificate, options.key, SIGNING_SECTION],
      stdin: [passphrase, ...prepared.lines, ''].join('\n'),
      root: options.sudo,
      signal,
      patience: { asked: 'sign with the CA key', ms: 5 * LOOK_MS },
      changes: true,
    })
    if (result.exitCode !== 0) throw signingFailure(options, result.stderr)
    const leaves = parseCertificates(result.stdout, `the answer of ${remote.host}`)
    return checkLeaves(leaves, requests, ca, options, prepared.warnings)
  }
  return {
    home: 'host',
    chain: async (signal) => chainPem((await inspectOnce(signal)).chain),
    trust: async (signal) => chainPem((await inspectOnce(signal)).chain),
    issue: async (request, signal) => (await issueMany([request], signal))[0] as IssuedCertificate,
    issueMany,
  }
}

async function inspect(options: HostAuthorityOptions, signal?: AbortSignal): Promise<HostCa> {
  const { remote, certificate, key, sudo } = options
  const result = await remote.run({
    argv: ['sh', '-c', inspectProgram, 'quorate', certificate, key],
    root: sudo,
    signal,
    patience: { asked: `inspection of the CA ${certificate}`, ms: LOOK_MS },
  })
  if (result.exitCode === UNREADABLE) {
    throw new QuorateError('pki', `the CA certificate ${certificate} can't be read on ${remote.host}`, {
      id: 'ca-certificate-is-unreadable',
      host: remote.host,
      hint: sudo
        ? 'check the path: pki.authority.certificate in the cluster file'
        : 'check the path: pki.authority.certificate in the cluster file. If only root may read the file, set pki.authority.sudo to true',
    })
  }
  if (result.exitCode !== 0) {
    throw new QuorateError('pki', `the CA can't be inspected: ${result.stderr.trim()}`, { host: remote.host })
  }
  const [first = '', ...pem] = result.stdout.split('\n')
  const [state = '', open] = first.split(' ')
  return {
    chain: parseChain(pem.join('\n'), `the CA certificate ${certificate} on ${remote.host}`),
    key: state as HostCa['key'],
    open: open === 'open',
  }
}

function assertKey(ca: HostCa, { remote, key, sudo }: HostAuthorityOptions): void {
  if (ca.key === 'missing') {
    throw new QuorateError('pki', `the CA key ${key} does not exist`, {
      id: 'ca-key-is-missing',
      host: remote.host,
      hint: 'correct pki.authority.key in the cluster file',
    })
  }
  if (ca.key === 'unreadable') {
    throw new QuorateError('permission', `${remote.user} may not read the CA key ${key}`, {
      host: remote.host,
      hint: sudo
        ? 'find out why even root may not read it on that host'
        : 'set pki.authority.sudo to true to sign as root',
    })
  }
}

function signingFailure({ remote, key }: HostAuthorityOptions, stderr: string): QuorateError {
  const wrongPassphrase = /bad decrypt|maybe wrong password|bad password/i.test(stderr)
  if (wrongPassphrase) {
    return new QuorateError('pki', `the passphrase is wrong for the CA key ${key}`, {
      id: 'wrong-passphrase',
      host: remote.host,
      hint: 'rerun with the correct passphrase',
    })
  }
  return new QuorateError('pki', `openssl could not sign: ${stderr.trim()}`, {
    id: 'openssl-fails',
    host: remote.host,
  })
}

/** Doesn't trust openssl on the other host: each answer must be exactly what was requested. */
function checkLeaves(
  leaves: readonly X509Certificate[],
  requests: readonly IssueRequest[],
  ca: HostCa,
  { remote, key, now }: HostAuthorityOptions,
  warnings: readonly string[],
): readonly IssuedCertificate[] {
  const caPem = chainPem(ca.chain)
  const open = ca.open
    ? [`every user of ${remote.host} can read the CA key ${key}; run on that host: chmod 600 ${key}`]
    : []
  return requests.map((request, index) => {
    const leaf = leaves[index]
    if (leaf === undefined) {
      throw new QuorateError('pki', `the CA host returned no certificate for ${request.subjectCommonName}`, {
        id: 'ca-host-signed-something-else',
        host: remote.host,
      })
    }
    const reasons = checkCertificate({
      pem: leaf.toString(),
      allowed: request.allowed,
      profile: request.profile,
      caPem,
      now: now(),
      commonName: request.subjectCommonName,
      organizations: request.organizations,
      entering: true,
    })
    if (reasons.length > 0) {
      const why = reasons.map((reason) => reason.message).join('; ')
      throw new QuorateError(
        'pki',
        `the CA host returned a wrong certificate for ${request.subjectCommonName}: it ${why}`,
        {
          id: 'ca-host-signed-something-else',
          host: remote.host,
        },
      )
    }
    return { pem: chainPem([leaf, ...ca.chain]), warnings: [...warnings, ...open] }
  })
}
