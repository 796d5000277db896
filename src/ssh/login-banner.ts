/**
 * What sshd prints before it ends a login: an expired account, /etc/nologin. ssh shows that only at LogLevel INFO,
 * among many harmless lines. So quorate connects once more if that could explain a failure.
 */
import type { SshTarget } from '../spec/cluster.ts'
import { options, targetArguments } from './config.ts'
import { runProcess } from './process.ts'

export interface SecondLook {
  /** The configuration file of the first attempt. */
  readonly config: string
  readonly target: SshTarget
  readonly signal: AbortSignal | undefined
  /** ms */
  readonly patience: number
}

/**
 * sshd closed the connection after the keys were agreed: before that, sshd doesn't know who logs in. OpenSSH 9.2 prints
 * nothing about that at LogLevel ERROR; for a jump host it prints UNKNOWN.
 */
export function isClosed(stderr: string): boolean {
  if (stderr.trim() === '') return true
  return /^Connection (?:closed|reset) by (?!UNKNOWN)/m.test(stderr) && !/kex_exchange/.test(stderr)
}

/** @returns what it printed, without ssh's own messages; empty: nothing. @throws the signal's reason */
export async function shownBefore({ config, target, signal, patience }: SecondLook): Promise<string> {
  const late = AbortSignal.timeout(patience)
  const louder = options({ LogLevel: 'INFO', BatchMode: 'yes', ControlPath: 'none' })
  try {
    const { stderr } = await runProcess(
      'ssh',
      ['-F', config, '-T', ...louder, ...targetArguments(target), 'true'],
      {
        env: { ...process.env, LC_ALL: 'C' },
        detached: true,
        signal: signal === undefined ? late : AbortSignal.any([signal, late]),
      },
    )
    return stderr
      .split(/[\r\n]+/)
      .filter((line) => line.trim() !== '' && !OWN_WORDS.test(line))
      .join('\n')
  } catch (error) {
    signal?.throwIfAborted()
    // The failure of the first attempt is reported unchanged.
    if (late.aborted) return ''
    throw error
  }
}

const OWN_WORDS =
  /^(?:Connection (?:closed|reset|to) |Warning: |\*\* |ssh: |Received disconnect|Disconnected from |\S+: Permission denied)/
