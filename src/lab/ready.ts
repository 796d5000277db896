/** Waiting until a machine can be logged in to. */
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { QuorateError } from '../errors.ts'
import { containerOf, leaderOf } from './container.ts'
import { type Looked, until } from '../wait/until.ts'

/**
 * Resolves with process 1's pid when the machine's sshd has sent its banner to a connection from here.
 *
 * @throws `lab` after `timeoutMs`.
 */
export async function waitForSshd(
  folder: string,
  machine: string,
  address: string,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const look = async (): Promise<Looked<void, undefined>> =>
    (await listensForSsh(folder, machine)) && (await sendsBanner(address))
      ? { found: undefined }
      : { missing: undefined }
  await until(look, {
    ms: options.timeoutMs,
    everyMs: 40,
    signal: options.signal,
    late: () => {
      throw new QuorateError(
        'lab',
        `sshd does not answer at ${address} after ${options.timeoutMs / 1000} s`,
        {
          host: machine,
          hint: "take the lab down and up again; the machine's console.log in the lab's directory says more",
        },
      )
    },
  })
}

/**
 * Looked up in the machine, because a connection attempted too early is only repeated after a second: that is how long
 * the kernel waits for a neighbour's address. sshd writes the file once it listens. (The kernel's table of sockets says
 * the same, but goes through all of this computer's for it, and this is asked many times at each boot.)
 */
async function listensForSsh(folder: string, machine: string): Promise<boolean> {
  const container = await containerOf(folder, machine)
  const leader = container === undefined ? undefined : await leaderOf(container)
  return leader !== undefined && existsSync(`/proc/${leader}/root/run/sshd.pid`)
}

/** Has an SSH server there greeted us within a second? */
async function sendsBanner(address: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: 1000 })
    const end = (result: boolean) => {
      socket.destroy()
      resolve(result)
    }
    socket.setEncoding('latin1')
    socket.once('data', (text) => end(String(text).startsWith('SSH-')))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
  })
}
