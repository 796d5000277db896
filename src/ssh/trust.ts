/** Reads a host's key through the user's own configuration, including jump hosts, without trusting it. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { readText } from '../files/read-file.ts'
import { temporaryFolder } from '../files/temporary.ts'
import type { SshTarget } from '../spec/cluster.ts'
import { type SshConfig, options, scanConfig, sshConfig, targetArguments } from './config.ts'
import { Deadline } from './deadline.ts'
import { sshFailure } from './failure.ts'
import { type HostKeyLine, fingerprint, parseKnownHosts } from './host-key.ts'
import { GREETING_MS } from './limits.ts'
import { runProcess } from './process.ts'
import { knowsSessionOptions } from './version.ts'

export interface ScannedKey {
  /** The node whose connection showed it, by its name in the cluster file. */
  readonly host: string
  /** The name of the key in known_hosts: an address, `[host]:port`, or a jump host's name. */
  readonly name: string
  /** It belongs to a jump host in front of the node. */
  readonly jump: boolean
  /** The line for a known_hosts file, without a line end. */
  readonly line: string
  readonly keyType: string
  /** `SHA256:…` */
  readonly fingerprint: string
  /** `changed`: another key is trusted for this name. */
  readonly status: 'known' | 'new' | 'changed'
}

export interface ScanOptions {
  /** The cluster's known_hosts file; need not exist. */
  readonly knownHosts: string
  readonly connectTimeoutSeconds?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The keys that a host and the jump hosts in front of it show, in order. No login is tried on the host
 * itself. quorate logs in to jump hosts with a key only.
 *
 * @throws QuorateError `unreachable` or `permission` (a jump host refuses the login)
 */
export async function scanHostKey(host: string, target: SshTarget, scan: ScanOptions): Promise<ScannedKey[]> {
  await using folder = await temporaryFolder({ purpose: 'trust' })
  const sessionOptions = await knowsSessionOptions(scan.signal)
  const attempt = new Scan(host, target, { ...scan, sessionOptions }, folder.path)
  const shown = await attempt.keys([])
  const files = await attempt.knownFiles()
  const known = await Promise.all(shown.map(async (line) => await knownKeys(line.name, files)))
  // ssh prefers the type of key that it knows, so a host known by another type is asked for that type.
  const kinds = known.flatMap((lines, at) => otherKinds(shown[at], lines))
  const again = kinds.length === 0 ? shown : await attempt.keys(kinds)
  const accepted = await attempt.accepted()
  return again.map((line, at) => {
    const before = known[at] ?? []
    const status =
      before.some(({ key }) => key === line.key) || accepted ? 'known' : before.length > 0 ? 'changed' : 'new'
    return {
      host,
      name: line.name,
      jump: at < again.length - 1,
      line: `${line.name} ${line.keyType} ${line.key}`,
      keyType: line.keyType,
      fingerprint: fingerprint(line.key),
      status,
    }
  })
}

class Scan {
  readonly #host: string
  readonly #target: SshTarget
  readonly #scan: ScanOptions & Pick<SshConfig, 'sessionOptions'>
  readonly #folder: string

  constructor(
    host: string,
    target: SshTarget,
    scan: ScanOptions & Pick<SshConfig, 'sessionOptions'>,
    folder: string,
  ) {
    this.#host = host
    this.#target = target
    this.#scan = scan
    this.#folder = folder
  }

  /** The keys that are shown while connecting to the host; `kinds` are requested before others. */
  async keys(kinds: readonly string[]): Promise<HostKeyLine[]> {
    const notes = path.join(this.#folder, `notes-${kinds.length}`)
    await writeFile(notes, '', { mode: 0o600 })
    const stderr = await this.#knock(
      scanConfig(this.#target, notes, kinds.flatMap(algorithms), this.#settings()),
    )
    const lines = parseKnownHosts(await readText(notes))
    // Neither accepted nor refused: only a jump host was reached, or nothing at all.
    if (lines.length === 0 || !this.#reached(stderr)) throw sshFailure(this.#host, this.#target, stderr)
    return lines
  }

  /** Whether ssh, which also knows certificates, aliases and patterns, accepts the keys. */
  async accepted(): Promise<boolean> {
    const { knownHosts } = this.#scan
    return this.#reached(await this.#knock(sshConfig(this.#target, { knownHosts, ...this.#settings() })))
  }

  /** Every file that ssh would read. */
  async knownFiles(): Promise<string[]> {
    const args = ['-F', path.join(this.#folder, 'config'), '-G', ...targetArguments(this.#target)]
    await writeFile(
      path.join(this.#folder, 'config'),
      sshConfig(this.#target, { knownHosts: this.#scan.knownHosts, ...this.#settings() }),
    )
    const { stdout } = await runProcess('ssh', args, { detached: true, signal: this.#scan.signal })
    const line = stdout.split('\n').find((text) => text.startsWith('userknownhostsfile ')) ?? ''
    return [this.#scan.knownHosts, ...line.split(' ').slice(1), '/etc/ssh/ssh_known_hosts']
  }

  #settings() {
    const { connectTimeoutSeconds = 10, sessionOptions } = this.#scan
    return { interactive: false, connectTimeoutSeconds, sessionOptions }
  }

  /** Connects and requests a login that no sshd grants. Returns ssh's output. */
  async #knock(config: string): Promise<string> {
    const file = path.join(this.#folder, 'config')
    await writeFile(file, config, { mode: 0o600 })
    const knock = options({ PreferredAuthentications: 'none', ControlPath: 'none' })
    const args = ['-F', file, '-T', ...knock, ...targetArguments(this.#target), 'true']
    // Its own timeout ends with the banner: what hangs after that would block everything.
    const patience = {
      asked: 'show the host key',
      ms: this.#settings().connectTimeoutSeconds * 1000 + GREETING_MS,
    }
    using deadline = new Deadline(this.#host, patience, 1)
    const { exitCode, stderr } = await runProcess('ssh', args, {
      env: { ...process.env, LC_ALL: 'C' },
      detached: true,
      signal: deadline.or(this.#scan.signal),
    })
    return exitCode === 255 ? stderr : ''
  }

  /** The host's key was accepted: the host asked for a login, or needed none. */
  #reached(stderr: string): boolean {
    if (stderr === '') return true
    return (
      /Permission denied/.test(stderr) &&
      !/Connection closed by UNKNOWN|Host key verification failed/.test(stderr)
    )
  }
}

async function knownKeys(name: string, files: readonly string[]): Promise<HostKeyLine[]> {
  const found = await Promise.all(
    files.map(async (file) => await runProcess('ssh-keygen', ['-F', name, '-f', file], { detached: true })),
  )
  return found.flatMap(({ stdout }) => parseKnownHosts(stdout)).filter(({ marker }) => marker === undefined)
}

function otherKinds(line: HostKeyLine | undefined, known: readonly HostKeyLine[]): string[] {
  if (line === undefined || known.some(({ keyType }) => keyType === line.keyType)) return []
  return known.map(({ keyType }) => keyType)
}

/** RSA keys sign with newer hashes than the name of their type says. */
function algorithms(keyType: string): string[] {
  return keyType === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [keyType]
}
