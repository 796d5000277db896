/** Private directories of tests. Test files share a worker and its modules: the hook that removes them is in test/unit-setup.ts. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const folders: string[] = []

/** A private directory that goes when the test file is done. */
export function scratch(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'quorate-pki-'))
  folders.push(folder)
  return folder
}

export function removeScratch(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
}
