/**
 * Kubernetes' CAs and secrets on the node of etcd's CA, in the directory `kubernetes` next to it. Signing keys stay on
 * that node. What control-plane nodes need (the service-account key, the encryption key, and with `caKey: masters` the
 * CA's key) passes through this workstation's memory.
 */
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { openHostAuthority } from '../pki/host.ts'
import type { Cluster } from '../spec/cluster.ts'
import { LOOK_MS } from '../ssh/limits.ts'
import type { Remote } from '../ssh/remote.ts'
import type { AuthoritiesSession, KubernetesHome } from './authorities.ts'
import { encryptionConfig } from './encryption-config.ts'
import program from './host-home.sh?raw'

type HostHomeOf = Extract<Cluster['pki']['authority'], { home: 'host' }>

interface Look {
  readonly encrypted: boolean
  readonly made: { readonly encryptionSum: string; readonly serviceAccountPublicKey: string } | undefined
}

export async function openHostHome(session: AuthoritiesSession): Promise<KubernetesHome> {
  const { cluster, askPassphrase, now, signal } = session
  const { authority } = cluster.pki
  if (authority.home !== 'host') throw new TypeError('the CA is on no machine of its own')
  const remote = await session.fleet.get(authority.hostName, authority.ssh)
  const directory = path.posix.join(path.posix.dirname(authority.certificate), 'kubernetes')
  const work = async (action: 'look' | 'make' | 'read', words: readonly string[] = [], stdin = '') =>
    await runThere({ remote, authority, directory, signal }, action, words, stdin)
  let seen: Promise<Look> | undefined
  const look = async () => await (seen ??= work('look').then(readLook))
  const open = (name: string) => {
    const certificate = path.posix.join(directory, name, 'ca.crt')
    const key = path.posix.join(directory, name, 'ca.key')
    const place = { certificate, key, host: authority.hostName }
    return openHostAuthority({
      remote,
      certificate,
      key,
      sudo: authority.sudo,
      askPassphrase: ask,
      now,
      place,
    })
  }
  let asked: Promise<string> | undefined
  const ask = async () =>
    await (asked ??= askPassphrase(`the keys of Kubernetes in ${directory} on ${authority.hostName}`, signal))
  const passphrase = async () => ((await look()).encrypted ? await ask() : '')
  return {
    kubernetes: open('ca'),
    frontProxy: open('front-proxy-ca'),
    isMade: async () => (await look()).made !== undefined,
    make: async () => {
      if ((await look()).made !== undefined) return
      const encryption = encryptionConfig([{ name: 'key1', secret: randomBytes(32) }])
      const names = ['Kubernetes CA', 'Kubernetes front proxy CA'].map((title) => `${cluster.name} ${title}`)
      const words = [cluster.pki.algorithm, ...names.map((name) => name.slice(0, 64))]
      await work('make', words, `${await passphrase()}\n${encryption}`)
      seen = undefined
    },
    read: async (secret) => await work('read', [secret], `${await passphrase()}\n`),
    known: async () => {
      const { made } = await look()
      if (made === undefined) throw new TypeError("Kubernetes' CAs are not made yet")
      return made
    },
  }
}

interface There {
  readonly remote: Remote
  readonly authority: HostHomeOf
  readonly directory: string
  readonly signal: AbortSignal
}

/** @throws QuorateError `pki` */
async function runThere(
  { remote, authority, directory, signal }: There,
  action: 'look' | 'make' | 'read',
  words: readonly string[],
  stdin: string,
): Promise<string> {
  const result = await remote.run({
    argv: ['sh', '-c', program, 'quorate', action, directory, authority.key, ...words],
    stdin,
    root: authority.sudo,
    signal,
    patience: { asked: `${action} the keys of Kubernetes in ${directory}`, ms: 5 * LOOK_MS },
    changes: action === 'make',
  })
  if (result.exitCode === 0) return result.stdout
  if (/bad decrypt|maybe wrong password|bad password/i.test(result.stderr)) {
    throw new QuorateError('pki', `the passphrase does not open the keys in ${directory}`, {
      host: remote.host,
      hint: 'rerun the command with the passphrase of the CA key',
    })
  }
  const said = result.stderr.trim().split('\n').at(-1) ?? ''
  throw new QuorateError('pki', `the keys of Kubernetes in ${directory} can't be used: ${said}`, {
    host: remote.host,
    hint: `check its contents: ls -la ${directory}`,
  })
}

function readLook(text: string): Look {
  const [state, sum = '', ...pem] = text.split('\n')
  const encryptionSum = /^sum ([0-9a-f]{64})$/.exec(sum)?.[1]
  const made =
    encryptionSum === undefined ? undefined : { encryptionSum, serviceAccountPublicKey: pem.join('\n') }
  return { encrypted: state === 'encrypted', made }
}
