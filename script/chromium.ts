/** The browser for the tests of the documentation's site. */
import { accessSync, constants } from 'node:fs'
import path from 'node:path'

/** The Debian packages with these names contain them; the first has no user interface, and is the smallest. */
const PROGRAMS = ['chromium-headless-shell', 'chromium', 'google-chrome']

/** @returns its path; undefined: there is none in PATH */
export function findChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  return PROGRAMS.flatMap((program) => folders.map((folder) => path.join(folder, program))).find(isProgram)
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
