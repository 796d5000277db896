import { open } from 'node:fs/promises'
import { QuorateError } from '../errors.ts'
import type { Architecture } from './artifact.ts'

/** `e_machine` values (System V ABI, elf.h). */
const MACHINES: Readonly<Record<Architecture, number>> = { amd64: 62, arm64: 183 }
const OTHER_MACHINES: Readonly<Record<number, string>> = {
  3: 'i386',
  21: 'ppc64le',
  22: 's390x',
  40: 'arm',
  243: 'riscv64',
}

/**
 * Throws an `artifact` error unless the file is a 64-bit Linux program for `arch`. Reads its header; runs nothing.
 *
 * @param name its name in messages
 */
export async function checkArchitecture(
  file: string,
  name: string,
  arch: Architecture,
  origin: string,
): Promise<void> {
  const header = Buffer.alloc(20)
  const handle = await open(file, 'r')
  try {
    await handle.read(header, 0, header.length, 0)
  } finally {
    await handle.close()
  }
  if (header.toString('latin1', 0, 4) !== '\x7fELF') {
    throw new QuorateError('artifact', `${name} from ${origin} is not a Linux program`, {
      id: 'not-a-linux-program',
      hint: 'use the binaries themselves, not a wrapper script or a package',
    })
  }
  const little = header[5] === 1
  const machine = little ? header.readUInt16LE(18) : header.readUInt16BE(18)
  if (machine === MACHINES[arch] && header[4] === 2) return
  throw new QuorateError(
    'artifact',
    `${name} from ${origin} is for ${describe(machine)}, but ${arch} is needed`,
    {
      id: 'another-architecture',
      hint: `use the programs for linux-${arch}`,
    },
  )
}

function describe(machine: number): string {
  for (const [arch, value] of Object.entries(MACHINES)) if (value === machine) return arch
  return OTHER_MACHINES[machine] ?? `another processor (ELF node ${machine})`
}
