/**
 * The key with which a node signs its backups: created on the node, and listed on this workstation as an allowed
 * signer.
 */
import { replaceSigner, nodePrincipal } from '../backup/signers.ts'
import { QuorateError } from '../errors.ts'
import type { Operation } from '../host/operations.ts'
import { type AllowedSigner, fingerprintOf, isPresent } from '../signing/allowed-signers.ts'
import type { Cluster, Node } from '../spec/cluster.ts'
import type { WantedSchedule } from './changes.ts'
import type { ScheduleThere } from './look.ts'
import { PLACES } from './places.ts'

/** The first systemd that can pass a file which only root can read to a service (LoadCredential=). */
const LEAST_SYSTEMD = 247

/**
 * What to do so that the node's signatures count.
 *
 * @throws QuorateError `blocked` if it can't sign, or has another key than the listed one: only the operator can decide
 *   to replace that
 */
export function signingThere(
  cluster: Pick<Cluster, 'name'>,
  there: ScheduleThere,
  list: readonly AllowedSigner[],
  now: Date,
): Pick<WantedSchedule, 'signingKey' | 'allowSigner'> {
  const { host, signingKey, files } = there
  requireTools(there)
  const file = files[PLACES.signingKey]
  if (signingKey === undefined || file === undefined) return make('it has none')
  if (file.owner !== 'root:root' || file.mode !== '600')
    return make(`users other than root could read the present one (${file.owner} ${file.mode})`)
  const own = list.filter(({ publicKey }) => publicKey === signingKey)
  if (own.some((one) => !isPresent(one, now))) return make('the one there was revoked, or replaced')
  const principal = nodePrincipal(cluster.name, host)
  if (own.some(({ principals }) => principals === principal))
    return { signingKey: undefined, allowSigner: undefined }
  const fingerprint = fingerprintOf(signingKey)
  const [known] = list.filter((one) => one.principals === principal && isPresent(one, now))
  if (known === undefined) return { signingKey: undefined, allowSigner: fingerprint }
  throw new QuorateError(
    'blocked',
    `the key that signs backups on the node is ${fingerprint}, but ${known.fingerprint} is the recorded one`,
    {
      id: 'another-signing-key',
      host,
      hint: `find out who changed ${PLACES.signingKey}; quorate backup signers rotate ${host} makes a new one that counts from then on`,
    },
  )
}

/** @param signingKey why a key has to be created */
function make(signingKey: string) {
  return { signingKey, allowSigner: undefined }
}

/** @throws QuorateError `blocked` if the node lacks the tools to sign */
export function requireTools({ host, sshKeygen, systemd }: ScheduleThere): void {
  if (!sshKeygen) {
    throw new QuorateError('blocked', 'ssh-keygen is not installed, and signs the backups', {
      host,
      hint: `quorate run ${host} -- apt-get install --yes openssh-client`,
    })
  }
  if (systemd === undefined || systemd >= LEAST_SYSTEMD) return
  throw new QuorateError(
    'blocked',
    `systemd ${systemd} can't pass the signing key to the backups: ${LEAST_SYSTEMD} or newer is required`,
    { host, hint: 'choose another node with --node' },
  )
}

export function makeSigningKey(cluster: string, node: string): Operation {
  return ['schedule_signing_key', { folder: PLACES.folder, comment: nodePrincipal(cluster, node) }]
}

/** @param lines output of `makeSigningKey` @returns the fingerprint */
export async function allowSigner(
  { cluster, now }: { readonly cluster: Pick<Cluster, 'name' | 'stateDirectory'>; readonly now: () => Date },
  node: Node,
  lines: readonly string[],
): Promise<string> {
  const [publicKey] = lines.flatMap(
    (line) => /^signing (ssh-ed25519 [A-Za-z0-9+/=]+)(?: |$)/.exec(line)?.slice(1) ?? [],
  )
  if (publicKey === undefined) throw new TypeError(`no key came from ${node.name}`)
  const principal = nodePrincipal(cluster.name, node.name)
  await replaceSigner(cluster, { principal, publicKey, now: now() })
  return fingerprintOf(publicKey)
}
