/** The files that an etcd process names: their owners, the text of certificates, and the public half of keys. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import type { Remote } from '../ssh/remote.ts'
import script from './look-files.sh?raw'
import type { Settings } from './settings.ts'
import type { EtcdProcess } from './machine-facts.ts'

export interface SeenFile {
  readonly path: string
  readonly owner: string
  readonly group: string
  /** As `stat` prints it, e.g. `600`. */
  readonly mode: string
}

export interface SeenCertificate extends SeenFile {
  readonly pem: string
}

export interface SeenKey extends SeenFile {
  /** SHA-256 (hex) of the public half (SPKI, DER); undefined: the key has a passphrase, or can't be read. */
  readonly publicSha256: string | undefined
}

export interface MemberFiles {
  readonly dataDirectory: SeenFile | undefined
  readonly walDirectory: SeenFile | undefined
  /** The owner of the data directory also owns its content, as far as `member` shows. */
  readonly member: SeenFile | undefined
  /** By role; undefined: not set, or missing. */
  readonly server: SeenCertificate | undefined
  readonly peer: SeenCertificate | undefined
  readonly clientCa: SeenCertificate | undefined
  readonly peerCa: SeenCertificate | undefined
  /** Keys next to a CA's certificate, where the CA's key usually is. */
  readonly caKeys: readonly SeenKey[]
}

/** Absolute, as the process sees it. */
export function pathIn(process: EtcdProcess, setting: string | undefined): string | undefined {
  return setting === undefined ? undefined : path.posix.resolve(process.directory, setting)
}

export function dataDirectoryOf(process: EtcdProcess, settings: Settings): string {
  // etcd's own default: `NAME.etcd` where it was started.
  return pathIn(process, settings['data-dir'] ?? `${settings['name'] ?? 'default'}.etcd`) ?? ''
}

export function walDirectoryOf(process: EtcdProcess, settings: Settings): string {
  return pathIn(process, settings['wal-dir']) ?? `${dataDirectoryOf(process, settings)}/member/wal`
}

/** Needs one round trip, as root. */
export async function lookAtFiles(
  remote: Remote,
  process: EtcdProcess,
  settings: Settings,
  signal: AbortSignal,
): Promise<MemberFiles> {
  const data = dataDirectoryOf(process, settings)
  const setting = (flag: string) => pathIn(process, settings[flag])
  const [clientCa, peerCa] = [setting('trusted-ca-file'), setting('peer-trusted-ca-file')]
  const caKeys = [...new Set([clientCa, peerCa].flatMap(keysBeside))]
  const asked = new Questions()
  const roles = {
    dataDirectory: asked.ask('stat', data),
    walDirectory: asked.ask('stat', walDirectoryOf(process, settings)),
    member: asked.ask('stat', `${data}/member`),
    server: asked.askCertificate(setting('cert-file')),
    peer: asked.askCertificate(setting('peer-cert-file')),
    clientCa: asked.askCertificate(clientCa),
    peerCa: asked.askCertificate(peerCa),
    caKeys: caKeys.map((file) => asked.ask('key', file)),
  }
  const argv = ['sh', '-c', script, 'quorate-adopt', String(process.pid), ...asked.words]
  const { exitCode, stdout, stderr } = await remote.run({ argv, root: true, signal })
  if (exitCode !== 0) {
    throw new QuorateError('command', stderr.trim() || "etcd's files on the node can't be inspected", {
      host: remote.host,
    })
  }
  const answers = new Answers(stdout)
  return {
    dataDirectory: answers.file(roles.dataDirectory),
    walDirectory: answers.file(roles.walDirectory),
    member: answers.file(roles.member),
    server: answers.certificate(roles.server),
    peer: answers.certificate(roles.peer),
    clientCa: answers.certificate(roles.clientCa),
    peerCa: answers.certificate(roles.peerCa),
    caKeys: roles.caKeys.flatMap((question) => answers.key(question) ?? []),
  }
}

/**
 * `ca.crt` and `ca.key`, `ca.pem` and `ca-key.pem`: the file names that users of openssl, kubeadm, Kubespray and cfssl
 * choose.
 */
function keysBeside(certificate: string | undefined): readonly string[] {
  if (certificate === undefined) return []
  const { dir, name, ext } = path.posix.parse(certificate)
  return [`${dir}/${name}.key`, `${dir}/${name}-key${ext}`, `${dir}/private/${name}.key`]
}

interface Question {
  readonly number: number
  readonly path: string
}

class Questions {
  readonly words: string[] = []

  ask(kind: 'stat' | 'text' | 'key', file: string): Question {
    this.words.push(kind, file)
    return { number: this.words.length / 2 - 1, path: file }
  }

  askCertificate(file: string | undefined): readonly [Question, Question] | undefined {
    return file === undefined ? undefined : [this.ask('stat', file), this.ask('text', file)]
  }
}

class Answers {
  readonly #lines: readonly string[]

  constructor(text: string) {
    this.#lines = text.split('\n')
  }

  file({ number, path: file }: Question): SeenFile | undefined {
    const found = this.#answer(number, 'stat')
    if (found === undefined) return undefined
    const [, owner = '', group = '', mode = ''] = found.split('|')
    return { path: file, owner, group, mode }
  }

  certificate(questions: readonly [Question, Question] | undefined): SeenCertificate | undefined {
    if (questions === undefined) return undefined
    const [stat, text] = questions
    const file = this.file(stat)
    const base64 = this.#answer(text.number, 'text')
    if (file === undefined || base64 === undefined) return undefined
    return { ...file, pem: Buffer.from(base64, 'base64').toString('utf8') }
  }

  key(question: Question): SeenKey | undefined {
    const file = this.file(question)
    if (file === undefined) return undefined
    const der = Buffer.from(this.#answer(question.number, 'public') ?? '', 'base64')
    const publicSha256 = der.length === 0 ? undefined : createHash('sha256').update(der).digest('hex')
    return { ...file, publicSha256 }
  }

  #answer(number: number, kind: string): string | undefined {
    const begin = `${number} ${kind}`
    const line = this.#lines.find((one) => one === begin || one.startsWith(`${begin} `))
    return line?.slice(begin.length + 1)
  }
}
