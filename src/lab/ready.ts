/** Waits until a machine accepts logins. */
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { QuorateError } from '../errors.ts'
import { containerOf, leaderOf } from './container.ts'
import { type Looked, until } from '../wait/until.ts'

/**
 * Resolves with the PID of process 1 when the machine's sshd has sent its banner to a connection from this workstation.
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
          hint: "read the node's console.log in the lab's directory; then run quorate lab down, and quorate lab up",
        },
      )
    },
  })
}

/**
 * Looks inside the machine. After a connection that was attempted too early, the kernel would wait a second before it
 * asks for the neighbor's address again. sshd writes the file once it listens. The kernel's table of sockets would show
 * the same. But it has all sockets of the workstation, and this runs many times at each boot.
 */
async function listensForSsh(folder: string, machine: string): Promise<boolean> {
  const container = await containerOf(folder, machine)
  const leader = container === undefined ? undefined : await leaderOf(container)
  return leader !== undefined && existsSync(`/proc/${leader}/root/run/sshd.pid`)
}

/** Whether the machine's SSH server sends its banner within a second. */
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
