/** A package archive inside a machine, so that installing needs no network. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { tool } from '../../../src/lab/tool.ts'
import type { Machine } from '../../../src/lab/machine.ts'

/** Makes it apt's only source on that machine, with one package whose program prints the package's name. */
export async function giveAptRepository(machine: Machine, folder: string, name: string): Promise<void> {
  const tree = path.join(folder, name)
  const control = `Package: ${name}\nVersion: 1.0\nArchitecture: all\nMaintainer: Lab <lab@example.org>\nDescription: for a test\n`
  await mkdir(path.join(tree, 'DEBIAN'), { recursive: true, mode: 0o755 })
  await writeFile(path.join(tree, 'DEBIAN', 'control'), control)
  await mkdir(path.join(tree, 'usr', 'bin'), { recursive: true, mode: 0o755 })
  await writeFile(path.join(tree, 'usr', 'bin', name), `#!/bin/sh\necho ${name}\n`, { mode: 0o755 })
  const file = path.join(folder, `${name}.deb`)
  await tool(['dpkg-deb', '--root-owner-group', '--build', tree, file])
  const content = await readFile(file)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const index = `${control}Filename: ./${name}.deb\nSize: ${content.length}\nSHA256: ${sha256}\n`
  await machine.writeFile(`/srv/packages/${name}.deb`, content)
  await machine.writeFile('/srv/packages/Packages', index)
  await machine.check(['sh', '-c', 'rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*'])
  await machine.writeFile('/etc/apt/sources.list', 'deb [trusted=yes] file:/srv/packages ./\n')
}
