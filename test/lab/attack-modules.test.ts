/** A Go module proxy that serves a forged etcd, and how real Go and its checksum database react. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { findGo } from '../../src/artifacts/go-toolchain.ts'
import { obtainEtcd } from '../../src/artifacts/obtain.ts'
import { cacheDirectory } from '../../src/files/cache-directory.ts'
import { LAB_ETCD } from './etcd-binaries.ts'

const MODULE = 'go.etcd.io/etcd/server/v3'
const { version } = LAB_ETCD
const signal = () => AbortSignal.timeout(100_000)
const ETCD = { name: 'etcd', key: 'etcd', otherSources: 'release' }

/** Serves a program that is not etcd as etcd's server. Passes requests to the checksum database on, or has none. */
async function lyingProxy(database: 'passed on' | 'none'): Promise<{ url: string; asked: string[] }> {
  const [go] = await findGo(undefined, ETCD, {
    cacheDirectory: cacheDirectory(process.env),
    signal: signal(),
  })
  const truth = (go?.proxy ?? '').split(/[,|]/)[0] ?? ''
  const files = { 'go.mod': `module ${MODULE}\n\ngo 1.21\n`, 'main.go': 'package main\n\nfunc main() {}\n' }
  const content: Readonly<Record<string, string | Buffer>> = {
    info: JSON.stringify({ Version: `v${version}`, Time: '2026-10-22T00:00:00Z' }),
    mod: files['go.mod'],
    zip: zipOf(Object.entries(files).map(([name, text]) => [`${MODULE}@v${version}/${name}`, text])),
  }
  const asked: string[] = []
  const server = createServer((request, response) => {
    const url = request.url ?? ''
    asked.push(url)
    const extension = url.startsWith(`/${MODULE}/@v/v${version}.`) ? url.split('.').at(-1) : undefined
    if (extension !== undefined && content[extension] !== undefined) response.end(content[extension])
    else if (!url.startsWith('/sumdb/') || database === 'none') response.writeHead(404).end()
    else
      void fetch(`${truth}${url}`).then(
        async (answer) => response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer())),
        () => response.writeHead(502).end(),
      )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

async function buildFrom(url: string, environment: NodeJS.ProcessEnv) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'quorate-modules-test-'))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  const source = { kind: 'modules', proxy: url, go: undefined, checksumDatabase: true } as const
  const context = {
    cacheDirectory: folder,
    emit: () => undefined,
    signal: signal(),
    environment,
    limits: { attempts: 1 },
  }
  const failed: unknown = await obtainEtcd({ version, source }, 'amd64', context).then(
    () => undefined,
    (error: unknown) => error,
  )
  return { failed, kept: await readdir(path.join(folder, 'artifacts')) }
}

test('a program that is not etcd is refused by the checksum database, which the proxy can only pass on', async () => {
  const { url, asked } = await lyingProxy('passed on')
  const { failed, kept } = await buildFrom(url, process.env)
  expect(failed).toFail('artifact/proxy-serves-other-content', { says: 'SECURITY ERROR' })
  expect(asked.some((one) => one.startsWith('/sumdb/'))).toBe(true)
  expect(kept).toEqual([])
})

test("if the database can't be asked, nothing of it is built", async () => {
  const { url } = await lyingProxy('none')
  // No other route than through the proxy.
  const environment = { ...process.env, HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1' }
  const { failed, kept } = await buildFrom(url, environment)
  expect(failed).toFail('artifact/no-checksum-database')
  expect(kept).toEqual([])
})

/** A zip archive without compression (APPNOTE.TXT 4.3). */
function zipOf(files: readonly (readonly [name: string, text: string])[]): Buffer {
  const local: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const [name, text] of files) {
    const [label, data] = [Buffer.from(name), Buffer.from(text)]
    // From the required version to the length of the extra field: the same in both headers.
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt32LE(crc32(data), 10)
    common.writeUInt32LE(data.length, 14)
    common.writeUInt32LE(data.length, 18)
    common.writeUInt16LE(label.length, 22)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    local.push(Buffer.from('PK\x03\x04', 'latin1'), common, label, data)
    central.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, tail, label)
    offset += 30 + label.length + data.length
  }
  const end = Buffer.alloc(18)
  end.writeUInt16LE(files.length, 4)
  end.writeUInt16LE(files.length, 6)
  end.writeUInt32LE(Buffer.concat(central).length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...local, ...central, Buffer.from('PK\x05\x06', 'latin1'), end])
}
