/** The local side of `guard.sh`, which ends commands on the node when asked, or when this program is gone. */
import { type ChildProcess, spawn } from 'node:child_process'
import { inLoginEnvironment, inOwnEnvironment, inPlainEnvironment } from './environment.ts'
import program from './guard.sh?raw'
import { forAnyLoginShell, quoteCommand } from './quote.ts'
import type { RemoteCommand } from './remote.ts'

/** The login on the node, and whether root access needs no password. */
export interface Login {
  readonly user: string
  readonly rights: 'root' | 'sudo' | 'sudo-with-password' | 'no-sudo'
}

export interface Guard {
  readonly login: Login
  /** Ends the command of this number on the node, as a closed terminal would. */
  hangUp(run: number): void
  /** Kills it. */
  kill(run: number): void
  /** Ends the guard: nothing is left to watch. */
  release(): void
}

/** The guard as a command: `connection` is the name of the connection that it watches. */
export function guardArgv(connection: string): string[] {
  return inLoginEnvironment(['sh', '-c', program, 'sh', connection])
}

/** The guard as ssh's own command, for any login shell. */
export function guardCommand(connection: string): string {
  return forAnyLoginShell(`exec ${quoteCommand(guardArgv(connection))}`)
}

export interface Marking extends Pick<RemoteCommand, 'environment'> {
  readonly terminal?: boolean
}

/** What a terminal's name (`TERM`) may contain; any other value is not passed on. */
const TERMINAL_NAME = /^[\w.+-]{1,64}$/

/**
 * A command with the mark by which the guard finds it. sudo itself runs in the login's environment; the
 * command that it runs doesn't.
 *
 * @param how `terminal`: the command gets the name of the terminal of this process
 */
export function markRun(
  connection: string,
  run: number,
  argv: readonly string[],
  { environment = 'own', terminal = false }: Marking = {},
): string[] {
  const name = process.env['TERM'] ?? ''
  const drawing = terminal && TERMINAL_NAME.test(name) ? [`TERM=${name}`] : []
  const mark = [`QUORATE_RUN=${connection}.${run}/`, ...drawing]
  if (environment === 'login') return inPlainEnvironment(argv, mark)
  return argv[0] === 'sudo' ? inLoginEnvironment(argv, mark) : inOwnEnvironment(argv, mark)
}

/**
 * ssh detached from the terminal, so that Ctrl-C reaches only this program, which decides what ends. To ask
 * for a passphrase ssh needs the terminal, so then it ignores Ctrl-C.
 */
export function spawnSsh(args: readonly string[], interactive: boolean): ChildProcess {
  const env = { ...process.env, LC_ALL: 'C' }
  if (!interactive) return spawn('ssh', args, { stdio: 'pipe', env, detached: true })
  return spawn('sh', ['-c', `trap '' INT; exec ssh "$@"`, 'ssh', ...args], { stdio: 'pipe', env })
}

/** Maximum length of the output before or instead of the greeting, in UTF-16 units. */
const KEPT_LENGTH = 65_536

/**
 * Waits for the greeting; resolves with undefined if the output ends without one. Login scripts may print before it.
 * @param onText called with all output so far, each time that more arrives
 */
export async function greeting(
  child: ChildProcess,
  onText?: (soFar: string) => void,
): Promise<Guard | undefined> {
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) return undefined
  // The guard may end before quorate notices that ssh has ended: the end of the connection is reported elsewhere.
  stdin.on('error', () => undefined)
  const login = await new Promise<Login | undefined>((resolve) => {
    let text = ''
    stdout.setEncoding('utf8').on('data', (piece: string) => {
      text = (text + piece).slice(-KEPT_LENGTH)
      const found = /^quorate-login (\S{1,256}) (root|sudo|sudo-with-password|no-sudo)$/m.exec(text)
      if (found?.[1] === undefined) {
        onText?.(text)
        return
      }
      // The guard prints nothing after that; further output is ignored.
      stdout.removeAllListeners('data').resume()
      resolve({ user: found[1], rights: found[2] as Login['rights'] })
    })
    stdout.once('close', () => resolve(undefined))
  })
  if (login === undefined) return undefined
  const say = (line: string) => {
    if (stdin.writable) stdin.write(`${line}\n`)
  }
  return {
    login,
    hangUp: (run) => say(String(run)),
    kill: (run) => say(`${run} KILL`),
    release: () => say('bye'),
  }
}
