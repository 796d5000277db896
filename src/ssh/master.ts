/**
 * One OpenSSH connection to a machine that everything else shares (a multiplexing master).
 *
 * It is a foreground process whose remote side, the guard, reads our pipe: when this program ends, however it ends,
 * the pipe closes, the guard ends what still runs there, and ssh ends with it. Nothing is left running, here or there.
 */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { QuorateError } from '../errors.ts'
import type { SshTarget } from '../spec/cluster.ts'
import { type SshConfig, sshConfig, targetArguments } from './config.ts'
import { sshFailure } from './failure.ts'
import { type Guard, greeting, guardCommand, spawnSsh } from './guard.ts'
import { GREETING_MS, GREETING_WITH_QUESTIONS_MS, tooSlow } from './limits.ts'
import { exitOf } from './process.ts'

export interface Master {
  readonly guard: Guard
  /** Resolves with what ssh said last, once the connection is gone. */
  readonly ended: Promise<string>
  readonly alive: () => boolean
  close(): Promise<void>
}

export interface MasterOptions extends SshConfig {
  readonly host: string
  readonly target: SshTarget
  /** Names the connection on the machine: letters, digits and dashes. */
  readonly connection: string
  /** Path of the control socket, short (the system allows about 100 bytes) and in a private folder. */
  readonly controlPath: string
  readonly signal?: AbortSignal | undefined
  /** What every deadline is multiplied by; 1 unless given. */
  readonly patienceFactor?: number | undefined
}

/** @throws QuorateError `unreachable`, `host-key` or `permission`; the signal's reason. */
export async function openMaster(details: MasterOptions): Promise<Master> {
  const { host, target, controlPath, signal } = details
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
  const ended = exitOf(child).then(() => stderr)
  const stop = () => child.kill('SIGTERM')
  signal?.addEventListener('abort', stop, { once: true })
  const greetingMs = details.interactive ? GREETING_WITH_QUESTIONS_MS : GREETING_MS
  const patience = (details.connectTimeoutSeconds * 1000 + greetingMs) * (details.patienceFactor ?? 1)
  let late = false
  const timer = setTimeout(() => {
    late = true
    stop()
  }, patience)
  let guard: Guard | undefined
  try {
    guard = await Promise.race([greeting(child), ended.then(() => undefined)])
    signal?.throwIfAborted()
    if (guard === undefined && late) throw tooSlow(host, { asked: 'log in', ms: patience }, patience)
    if (guard === undefined)
      throw sshFailure(host, target, (await ended) || 'the login shell there did not run our command')
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

function startFailure(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return new QuorateError('unreachable', 'there is no `ssh` on this computer', {
      hint: 'install OpenSSH: apt-get install openssh-client',
      cause: error,
    })
  }
  return QuorateError.from(error, 'unreachable', 'ssh could not be started')
}
