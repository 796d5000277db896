/** API servers behind a load balancer: their TLS, their processes in the machines' networks, and a client that counts. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { containerOf, leaderOf } from '../../../src/lab/container.ts'
import type { TestLab } from '../harness.ts'
import { openssl } from './tools.ts'

/** Longer than HAProxy needs to notice that /readyz fails: a health check, half a second after the previous one. */
const GRACE_MS = 4_000

export interface ApiServer {
  /** Stops in an orderly way, as on a reboot: it answers the requests in progress. */
  stop(): Promise<void>
  kill(): Promise<void>
  /** Keeps running, but is not ready from now on. */
  loseEtcd(): void
}

/** Creates `api-ca.crt`, and a certificate from it for each name, in the lab's directory. */
export async function makeApiCertificates(
  lab: TestLab,
  names: readonly string[],
  ca = 'api-ca',
): Promise<string> {
  const at = (file: string) => path.join(lab.folder, file)
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  await openssl('req', '-x509', ec, '-subj', `/CN=${ca}`, [
    '-keyout',
    at(`${ca}.key`),
    '-out',
    at(`${ca}.crt`),
  ])
  for (const name of names) {
    await openssl(
      ['req', '-x509', ...ec, '-CA', at(`${ca}.crt`), '-CAkey', at(`${ca}.key`), '-subj', `/CN=${name}`],
      [
        '-addext',
        'basicConstraints=critical,CA:FALSE',
        '-addext',
        `subjectAltName=DNS:kubernetes,DNS:${name}`,
      ],
      ['-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)],
    )
  }
  return await readFile(at(`${ca}.crt`), 'utf8')
}

/** In the machine's network, as a process of this host. */
export async function startApiServer(lab: TestLab, name: string): Promise<ApiServer> {
  const container = await containerOf(lab.lab.spec.folder, name)
  const leader = container === undefined ? undefined : await leaderOf(container)
  if (leader === undefined) throw new Error(`${name} is off`)
  const program = path.join(import.meta.dirname, 'api-server.mjs')
  const enter = ['nsenter', '--target', String(leader), '--net', '--'] as const
  const server = [process.execPath, program, name, lab.folder, String(GRACE_MS)]
  const [command, ...words] = [...enter, ...server] as const
  const child = spawn(command, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return {
    stop: async () => await end(child, 'SIGTERM'),
    kill: async () => await end(child, 'SIGKILL'),
    loseEtcd: () => void child.kill('SIGUSR2'),
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

export interface Requests {
  /** Number of answers by API server. */
  readonly answered: Map<string, number>
  readonly failed: string[]
  /** The slowest answer, in ms. */
  slowest(): number
  stop(): Promise<void>
}

/** Four clients at a time, each sending one request after the other on new connections. */
export function sendRequests(host: string, port: number): Requests {
  const answered = new Map<string, number>()
  const failed: string[] = []
  const stopped = new AbortController()
  let slowest = 0
  const work = Array.from({ length: 4 }, async () => {
    while (!stopped.signal.aborted) {
      const started = performance.now()
      try {
        const name = await ask(host, port)
        slowest = Math.max(slowest, Math.round(performance.now() - started))
        answered.set(name, (answered.get(name) ?? 0) + 1)
      } catch (error) {
        failed.push(`${new Date().toISOString()} ${String(error)}`)
      }
      await setTimeout(10)
    }
  })
  return {
    answered,
    failed,
    slowest: () => slowest,
    stop: async () => {
      stopped.abort()
      await Promise.all(work)
    },
  }
}

/** The name of the API server that answers. */
export async function ask(host: string, port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const request = https.get({
    host,
    port,
    path: '/',
    rejectUnauthorized: false,
    agent: false,
    timeout: 5_000,
  })
  request.on('response', (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (part: string) => (text += part))
    response.on('end', () => resolve(text)).on('error', reject)
  })
  request.on('timeout', () => request.destroy(new Error('no answer within 5 s'))).on('error', reject)
  return await promise
}

export interface Watch {
  /** Name of the API server that answers. */
  readonly name: string
  readonly ended: () => boolean
  stop(): void
}

/** A request whose answer continues as long as its connection. */
export async function openWatch(host: string, port: number): Promise<Watch> {
  const request = https.get({ host, port, path: '/watch', rejectUnauthorized: false, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let ended = false
  response.on('error', () => undefined).on('close', () => (ended = true))
  const [name] = (await once(response, 'data')) as [Buffer]
  return { name: String(name), ended: () => ended, stop: () => void request.destroy() }
}

/** For the machines' own image: the packages of the load balancer. */
export const BALANCER_PACKAGES: readonly string[] = ['haproxy', 'keepalived', 'socat']

/**
 * Removes the load balancer's packages from a machine, and makes them installable without a network: packed again from
 * the installed files, in a local archive.
 */
export async function packBalancer(lab: TestLab, name: string): Promise<void> {
  const script = await readFile(path.join(import.meta.dirname, 'pack-packages.sh'), 'utf8')
  await lab.machine(name).check(['sh', '-c', script, 'pack', ...BALANCER_PACKAGES])
}
