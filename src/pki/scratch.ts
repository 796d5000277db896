/**
 * Private directories of tests. Test files share a worker and its modules, so a hook in test/unit-setup.ts removes
 * them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const folders: string[] = []

/** A private directory, which is removed after the test file. */
export function scratch(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'quorate-pki-'))
  folders.push(folder)
  return folder
}

export function removeScratch(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
}
