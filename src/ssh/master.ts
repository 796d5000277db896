/**
 * One OpenSSH connection to a node that everything else shares (a multiplexing master).
 *
 * It is a foreground process whose remote side, the guard, reads a pipe of this program. When this program ends,
 * however it ends, the pipe closes, the guard ends what still runs on the node, and ssh ends too. Nothing is left
 * running on either side.
 */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { QuorateError } from '../errors.ts'
import type { SshTarget } from '../spec/cluster.ts'
import { type SshConfig, sshConfig, targetArguments } from './config.ts'
import { isKnownFailure, sshFailure } from './failure.ts'
import { type Guard, greeting, guardCommand, spawnSsh } from './guard.ts'
import { isClosed, shownBefore } from './login-banner.ts'
import { isKnownRefusal, loginFailure, turnedAway } from './login-words.ts'
import { GREETING_MS, GREETING_WITH_QUESTIONS_MS, tooSlow } from './limits.ts'
import { exitOf } from './process.ts'

/** OpenSSH's exit code for its own failures; see ssh(1). */
const SSH_FAILED = 255

export interface Master {
  readonly guard: Guard
  /** Resolves with ssh's last output when the connection has ended. */
  readonly ended: Promise<string>
  readonly alive: () => boolean
  close(): Promise<void>
}

export interface MasterOptions extends SshConfig {
  readonly host: string
  readonly target: SshTarget
  /** Names the connection on the node: letters, digits and dashes. */
  readonly connection: string
  /** Path of the control socket, short (the system allows about 100 bytes) and in a private directory. */
  readonly controlPath: string
  readonly signal?: AbortSignal | undefined
  /** Factor for every deadline; 1 by default. */
  readonly patienceFactor?: number | undefined
}

/** @throws QuorateError `unreachable`, `host-key` or `permission`; the signal's reason. */
export async function openMaster(details: MasterOptions): Promise<Master> {
  const { target, controlPath, signal } = details
  signal?.throwIfAborted()
  const config = `${controlPath}.config`
  await writeFile(config, sshConfig(target, details), { mode: 0o600 })
  const args = [
    '-F',
    config,
    '-M',
    '-S',
    controlPath,
    '-T',
    ...targetArguments(target),
    guardCommand(details.connection),
  ]
  const child = spawnSsh(args, details.interactive)
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-8192)
  })
  let said = ''
  const exited = exitOf(child)
  const ended = exited.then(() => stderr)
  const stop = () => child.kill('SIGTERM')
  signal?.addEventListener('abort', stop, { once: true })
  const patience = patienceOf(details)
  let late = false
  const timer = setTimeout(() => {
    late = true
    stop()
  }, patience)
  let guard: Guard | undefined
  try {
    guard = await Promise.race([greeting(child, (soFar) => (said = soFar)), ended.then(() => undefined)])
    signal?.throwIfAborted()
    if (guard === undefined)
      throw await noGreeting(details, {
        said,
        stderr: await ended,
        exitCode: late ? undefined : await exited,
      })
  } catch (error) {
    stop()
    throw startFailure(error, signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
  const alive = () => child.exitCode === null && child.signalCode === null
  return {
    guard,
    ended,
    alive,
    close: async () => {
      if (!alive()) return
      const gone = once(child, 'exit')
      child.stdin?.end()
      child.kill('SIGTERM')
      await gone
    },
  }
}

/** ms */
function patienceOf({ connectTimeoutSeconds, interactive, patienceFactor = 1 }: MasterOptions): number {
  const greetingMs = interactive ? GREETING_WITH_QUESTIONS_MS : GREETING_MS
  return (connectTimeoutSeconds * 1000 + greetingMs) * patienceFactor
}

interface Ending {
  /** What came on standard output. */
  readonly said: string
  readonly stderr: string
  /** undefined: it was still running when the time was up. */
  readonly exitCode: number | undefined
}

/** Why there is no connection: ssh's own failure, or what the node ran and printed instead of the guard. */
async function noGreeting(details: MasterOptions, { said, stderr, exitCode }: Ending): Promise<QuorateError> {
  const { host, target, signal, controlPath } = details
  const patience = patienceOf(details)
  const words = { said: `${said}\n${stderr}`, exitCode }
  if (exitCode === undefined && said.trim() === '')
    return tooSlow(host, { asked: 'log in', ms: patience }, patience)
  if (exitCode === undefined) return loginFailure(host, target, words, patience)
  // Any other code comes from what ran on the node.
  const failed = exitCode === SSH_FAILED && (isKnownFailure(stderr) || said.trim() === '')
  if (!failed || isKnownRefusal(stderr)) return loginFailure(host, target, words)
  const config = `${controlPath}.config`
  const shown = isClosed(stderr) ? await shownBefore({ config, target, signal, patience }) : ''
  return shown === '' ? sshFailure(host, target, stderr) : turnedAway(host, target, shown)
}

function startFailure(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return new QuorateError('unreachable', '`ssh` is not installed on the workstation', {
      hint: 'install OpenSSH: apt-get install openssh-client',
      cause: error,
    })
  }
  return QuorateError.from(error, 'unreachable', 'ssh could not be started')
}
