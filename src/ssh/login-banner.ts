/**
 * What sshd shows before it ends a login: an expired account, /etc/nologin. ssh prints that at LogLevel INFO alone, at
 * which it also prints much that is no failure; so it is asked again, once, where it would explain one.
 */
import type { SshTarget } from '../spec/cluster.ts'
import { options, targetArguments } from './config.ts'
import { runProcess } from './process.ts'

export interface SecondLook {
  /** The configuration file of the first try. */
  readonly config: string
  readonly target: SshTarget
  readonly signal: AbortSignal | undefined
  /** ms */
  readonly patience: number
}

/**
 * sshd closed the connection once keys were agreed on: before that it has not seen who logs in. OpenSSH 9.2 says nothing
 * of that at LogLevel ERROR; a jump host that did so is UNKNOWN.
 */
export function isClosed(stderr: string): boolean {
  if (stderr.trim() === '') return true
  return /^Connection (?:closed|reset) by (?!UNKNOWN)/m.test(stderr) && !/kex_exchange/.test(stderr)
}

/** @returns what it printed, without ssh's own words; empty: nothing. @throws the signal's reason */
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
    // The first try's failure is reported as it is.
    if (late.aborted) return ''
    throw error
  }
}

const OWN_WORDS =
  /^(?:Connection (?:closed|reset|to) |Warning: |\*\* |ssh: |Received disconnect|Disconnected from |\S+: Permission denied)/
