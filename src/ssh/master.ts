/**
 * One OpenSSH connection to a machine that everything else shares (a multiplexing master).
 *
 * It is a foreground process whose remote side reads our pipe: when this program ends, however it ends, the pipe
 * closes, the far end's `cat` ends, and ssh with it. Nothing is left running, here or there.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { QuorateError } from '../errors.ts'
import type { SshTarget } from '../spec/cluster.ts'
import { COMMON_OPTIONS, options, targetArguments } from './arguments.ts'
import { sshFailure } from './failure.ts'
import { hostKeyOptions } from './known-hosts.ts'
import { exitOf } from './process.ts'
import { quoteCommand } from './quote.ts'

/** Who we are there, and whether root rights can be had without a password. */
export interface Login {
  readonly user: string
  readonly rights: 'root' | 'sudo' | 'sudo-with-password' | 'no-sudo'
}

export interface Master {
  readonly login: Login
  /** Resolves with what ssh said last, once the connection is gone. */
  readonly ended: Promise<string>
  readonly alive: () => boolean
  close(): Promise<void>
}

export interface MasterOptions {
  readonly host: string
  readonly target: SshTarget
  /** Path of the control socket, short (the system allows about 100 bytes) and in a private folder. */
  readonly controlPath: string
  readonly knownHosts: string
  /** ssh may ask on the terminal, e.g. for a key's passphrase. */
  readonly interactive: boolean
  readonly connectTimeoutSeconds: number
  readonly signal?: AbortSignal | undefined
}

const HELLO = `
if [ "$(id -u)" = 0 ]; then rights=root
elif ! command -v sudo >/dev/null 2>&1; then rights=no-sudo
elif sudo -n true 2>/dev/null; then rights=sudo
else rights=sudo-with-password
fi
echo "quorate-login $(id -un) $rights"
exec cat >/dev/null
`

export async function openMaster(details: MasterOptions): Promise<Master> {
  const { host, target, controlPath, signal } = details
  signal?.throwIfAborted()
  const args = [
    ...['-M', '-S', controlPath],
    ...COMMON_OPTIONS,
    ...options({
      ControlPersist: 'no',
      BatchMode: details.interactive ? 'no' : 'yes',
      ConnectTimeout: String(details.connectTimeoutSeconds),
      // A host that vanishes in the middle is noticed within 15 s rather than after TCP's hours.
      ServerAliveInterval: '5',
      ServerAliveCountMax: '3',
    }),
    ...(await hostKeyOptions(target, details.knownHosts)),
    ...targetArguments(target),
    ...['--', target.host, quoteCommand(['sh', '-c', HELLO])],
  ]
  const child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-8192)
  })
  // The pipe's end may be gone before we notice that ssh is: `ended` reports it.
  child.stdin.on('error', () => undefined)
  const stop = () => child.kill('SIGTERM')
  signal?.addEventListener('abort', stop, { once: true })
  const ended = exitOf(child).then(() => stderr)
  ended.catch(() => undefined)
  let login: Login | undefined
  try {
    login = await Promise.race([readLogin(child), ended.then(() => undefined)])
  } catch (error) {
    throw startFailure(error)
  } finally {
    signal?.removeEventListener('abort', stop)
  }
  signal?.throwIfAborted()
  if (login === undefined) throw sshFailure(host, target, await ended)
  return {
    login,
    ended,
    alive: () => child.exitCode === null && child.signalCode === null,
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.stdin.end()
      child.kill('SIGTERM')
      await gone
    },
  }
}

/** Waits for the far end's greeting; login scripts there may print something first. */
async function readLogin(child: ChildProcess): Promise<Login | undefined> {
  let text = ''
  for await (const piece of child.stdout?.setEncoding('utf8').iterator({ destroyOnReturn: false }) ?? []) {
    text += String(piece)
    const found = /^quorate-login (\S+) (\S+)$/m.exec(text)
    if (found?.[1] && found[2]) {
      child.stdout?.resume()
      return { user: found[1], rights: found[2] as Login['rights'] }
    }
  }
  return undefined
}

function startFailure(error: unknown): QuorateError {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return new QuorateError('unreachable', 'there is no `ssh` on this computer', {
      hint: 'install OpenSSH: apt-get install openssh-client',
      cause: error,
    })
  }
  return QuorateError.from(error, 'unreachable', 'ssh could not be started')
}
