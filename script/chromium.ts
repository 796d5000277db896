/** The browser with which the documentation's site is tested. */
import { accessSync, constants } from 'node:fs'
import path from 'node:path'

/** Debian's packages of these names have them; the first has no window and is the smallest. */
const PROGRAMS = ['chromium-headless-shell', 'chromium', 'google-chrome']

/** @returns its path; undefined if there is none in PATH */
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
