/** Every command that README and docs show, typed on machines, in the order of a cluster's life. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { addressesIn, allocateSubnet, releaseSubnet } from '../../src/lab/subnet.ts'
import { ownedFolder } from '../../src/lab/sweep.ts'
import { run, tool } from '../../src/lab/tool.ts'
import type { ProcessResult } from '../../src/ssh/process.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { TEST_LABS, type TestLab, testLab, whyNoLab } from './harness.ts'
import { quorateIn } from './support/quorate.ts'
import { PROGRAM } from './support/run.ts'
import { LIFE, THE_LAB } from './support/typed.ts'

describe.skipIf(whyNoLab())('the commands of the pages', () => {
  let lab: TestLab
  beforeAll(async () => {
    const etcd = { ...LAB_ETCD, localPlaintext: true }
    const network = { Network: '10.5.0.0/16', Backend: { Type: 'vxlan' } }
    lab = await testLab({ machines: 3, cluster: { name: 'my-cluster', etcd, network } })
    await installHere(lab.folder)
  })
  afterAll(async () => await lab.down())

  test.each(LIFE)('$shown', async (typed) => {
    await typed.before?.(lab)
    const line = typed.as ?? typed.shown
    const result =
      typed.on === undefined
        ? await type(lab.folder, line)
        : await lab.machine(typed.on).exec(['sh', '-c', line])
    expect(surprise(result, typed.exitCode)).toBeUndefined()
  })

  test('a lab of one machine: up, status, down, and no trace', async () => {
    const folder = await ownedFolder(TEST_LABS)
    // Where the sweep of labs that were left behind would look for it.
    const subnet = await allocateSubnet(path.join(folder, 'lab'))
    try {
      const address = addressesIn(subnet, 11).ipv4.replace(/\/.*/, '')
      const node = { name: 'etcd01', address, roles: ['etcd'] }
      const ssh = { user: 'admin', identityFile: 'id_ed25519' }
      const file = { name: 'small', state: '.', ssh, nodes: [node], etcd: LAB_ETCD }
      await writeFile(path.join(folder, 'cluster.yaml'), stringify(file))
      await installHere(folder)
      for (const { shown } of THE_LAB) {
        expect(surprise(await type(folder, shown))).toBeUndefined()
      }
      expect(await tool(['ip', '-o', 'address'])).not.toContain(subnet.ipv4.replace('.0/24', '.'))
    } finally {
      await type(folder, 'quorate lab down --purge')
      await releaseSubnet(subnet.claim)
      await rm(folder, { recursive: true, force: true })
    }
  })
})

/** What was said where the exit code is another than this. */
function surprise({ exitCode, stdout, stderr }: ProcessResult, wanted = 0): string | undefined {
  return exitCode === wanted ? undefined : `exit code ${exitCode}\n${stdout}${stderr}`
}

/** Nothing that a shell would make something else of. */
const PLAIN = /^quorate [\w ./:=,-]+$/

/** In bash, in this folder, with no terminal. What bash would only hand over needs no bash, and no process of its own. */
async function type(folder: string, line: string): Promise<ProcessResult> {
  if (PLAIN.test(line)) return await quorateIn(folder, line.split(' ').slice(1))
  return await run(['bash', '-c', 'cd "$1" && PATH=$1/bin:$PATH && eval "$2"', 'bash', folder, line])
}

/** The built program as `quorate`. */
async function installHere(folder: string): Promise<void> {
  const program = path.join(folder, 'bin', 'quorate')
  await mkdir(path.dirname(program))
  const command = `exec '${process.execPath}' --disable-warning=ExperimentalWarning '${PROGRAM}' "$@"`
  await writeFile(program, `#!/bin/sh\n${command}\n`, { mode: 0o755 })
}
