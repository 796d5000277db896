/** Shared by the tests of this directory: archives of fake binaries, a server, a context that records events. */
import { mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import tar from 'tar-stream'
import { onTestFinished } from 'vitest'
import type { EtcdSource } from '../spec/cluster.ts'
import type { Architecture, ArtifactContext, ArtifactEvent } from './artifact.ts'
import { ownArchitecture } from './artifact.ts'

/** An architecture that the workstation can't run, so that fake binaries are not started. */
export const FOREIGN: Architecture = ownArchitecture() === 'arm64' ? 'amd64' : 'arm64'

/** The header of a 64-bit little-endian ELF program, and some content. */
export function fakeBinary(arch: Architecture, content: string): Buffer {
  const header = Buffer.alloc(64)
  header.write('\x7fELF', 'latin1')
  header[4] = 2
  header[5] = 1
  header.writeUInt16LE(arch === 'amd64' ? 62 : 183, 18)
  return Buffer.concat([header, Buffer.from(content)])
}

export async function archiveOf(
  entries: Readonly<Record<string, Buffer | { symlink: string }>>,
): Promise<Buffer> {
  const pack = tar.pack()
  for (const [name, content] of Object.entries(entries)) {
    if (Buffer.isBuffer(content)) pack.entry({ name, mode: 0o755 }, content)
    else pack.entry({ name, type: 'symlink', linkname: content.symlink })
  }
  pack.finalize()
  return gzipSync(await buffer(pack))
}

/** A release archive as etcd publishes them. */
export async function releaseArchive(version: string, arch: Architecture = FOREIGN): Promise<Buffer> {
  const folder = `etcd-v${version}-linux-${arch}`
  return await archiveOf({
    [`${folder}/README.md`]: Buffer.from('read me'),
    [`${folder}/Documentation/etcdctl/etcd`]: Buffer.from('not the program'),
    [`${folder}/etcd`]: fakeBinary(arch, `etcd ${version}`),
    [`${folder}/etcdctl`]: fakeBinary(arch, `etcdctl ${version}`),
    [`${folder}/etcdutl`]: fakeBinary(arch, `etcdutl ${version}`),
  })
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-artifacts-test-'))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  return folder
}

export interface TestContext extends ArtifactContext {
  readonly events: ArtifactEvent[]
  /** The directory that contains the entries. */
  readonly shelf: string
}

export async function testContext(changes: Partial<ArtifactContext> = {}): Promise<TestContext> {
  const cacheDirectory = await temporaryFolder()
  const events: ArtifactEvent[] = []
  return {
    cacheDirectory,
    shelf: path.join(cacheDirectory, 'artifacts'),
    events,
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
    environment: { PATH: process.env['PATH'] },
    limits: { attempts: 2, backoffMs: 1, stallTimeoutMs: 5000 },
    ...changes,
  }
}

/** A server on the workstation; returns its URL without a slash at the end. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export function releaseSource(base: string, proxy?: string): EtcdSource {
  const url = `${base}/v{version}/etcd-v{version}-linux-{arch}.tar.gz`
  return { kind: 'release', url, checksums: `${base}/v{version}/SHA256SUMS`, proxy }
}

export function fileSource(location: string, sha256?: string): EtcdSource {
  return { kind: 'file', path: location, sha256 }
}
