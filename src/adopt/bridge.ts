/**
 * A connection to a member before any certificate of quorate exists: `openssl s_client` on its node, with the
 * certificate and key that the member itself uses. Root reads the key on the node, where it stays. Only the plain
 * stream inside TLS is sent to the workstation, through SSH.
 */
import net from 'node:net'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { temporaryFolder } from '../files/temporary.ts'
import type { Remote } from '../ssh/remote.ts'

export interface MemberDoor {
  /** Where the member listens for clients, as dialed from its own node. */
  readonly address: string
  readonly port: number
  /** Paths on the node as its process sees them, and that process's ID; undefined: it serves clients without TLS. */
  readonly tls:
    | {
        readonly pid: number
        readonly ca: string | undefined
        readonly certificate: string
        readonly key: string
      }
    | undefined
}

export interface Bridge extends AsyncDisposable {
  /** For HTTP/2, which gRPC uses, without TLS. */
  readonly grpc: string
  /** For HTTP/1.1, which etcd's v2 API uses, without TLS. */
  readonly http: string
}

/** The sockets are in a private directory, and are removed when the bridge is disposed of. */
export async function openBridge(remote: Remote, door: MemberDoor, signal: AbortSignal): Promise<Bridge> {
  if (door.tls === undefined) {
    const socket = await remote.forward({ address: door.address, port: door.port })
    return { grpc: socket, http: socket, [Symbol.asyncDispose]: async () => undefined }
  }
  const sockets = await temporaryFolder({ purpose: 'adopt' })
  const folder = sockets.path
  const ended = new AbortController()
  const until = AbortSignal.any([signal, ended.signal])
  const [grpc, http] = await Promise.all([
    listen(path.join(folder, 'grpc'), (socket) => pipe(remote, socket, argv(door, 'h2'), until)),
    listen(path.join(folder, 'http'), (socket) => pipe(remote, socket, argv(door, 'http/1.1'), until)),
  ])
  return {
    grpc: path.join(folder, 'grpc'),
    http: path.join(folder, 'http'),
    [Symbol.asyncDispose]: async () => {
      ended.abort()
      for (const server of [grpc, http]) server.close()
      await sockets[Symbol.asyncDispose]()
    },
  }
}

/** openssl verifies the chain of the served certificate, but not its name, because this is the member's own node. */
function argv({ address, port, tls }: MemberDoor, protocol: string): readonly string[] {
  if (tls === undefined) throw new TypeError('nothing to speak TLS with')
  const root = `/proc/${tls.pid}/root`
  const where = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  const words = ['openssl', 's_client', '-quiet', '-connect', where, '-alpn', protocol]
  words.push('-cert', root + tls.certificate, '-key', root + tls.key)
  if (tls.ca !== undefined) words.push('-verify_return_error', '-partial_chain', '-CAfile', root + tls.ca)
  return words
}

async function listen(file: string, accept: (socket: net.Socket) => void): Promise<net.Server> {
  const server = net.createServer(accept)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(file, resolve))
  return server.unref()
}

/** Each connection on the workstation is one session on the node; if either ends, so does the other. */
function pipe(remote: Remote, socket: net.Socket, words: readonly string[], until: AbortSignal): void {
  const hangUp = new AbortController()
  const stdin = new PassThrough()
  socket.on('error', () => undefined).on('close', () => hangUp.abort())
  socket.pipe(stdin)
  const signal = AbortSignal.any([until, hangUp.signal])
  const session = remote.run({
    argv: words,
    root: true,
    stdin,
    signal,
    encoding: 'latin1',
    patience: 'endless',
    keep: false,
    onStdout: (text) => void socket.write(Buffer.from(text, 'latin1')),
  })
  // The client sees the end of its connection, as with any member that is down.
  session.then(
    () => socket.destroy(),
    () => socket.destroy(),
  )
}
