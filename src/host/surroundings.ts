/** Reads what `agent/surroundings.sh` prints. */
import { parseEnvironmentFile } from '../etcd/environment-file.ts'
import type { Surroundings } from '../etcd/foreign-settings.ts'

/** Other variables are dropped: a file may contain unrelated secrets. */
const OF_ETCD = /^(?:ETCD|QUORATE)_\w+$/

/** @param all the values of the lines that begin with this word. undefined: there is none. */
export function parseSurroundings(all: (key: string) => readonly string[]): Surroundings | undefined {
  const dropIns = all('drop-in').map((line) => {
    const [encoded, path] = halves(line, ' ')
    return { path, text: decode(encoded) }
  })
  const files: Record<string, Record<string, string>> = {}
  for (const line of all('settings')) {
    const [encoded, named] = halves(line, ' ')
    files[named] = { ...files[named], ...ofEtcd(parseEnvironmentFile(decode(encoded))) }
  }
  const ambient = ofEtcd(Object.fromEntries(all('ambient').map((line) => halves(line, '='))))
  const ambientFiles = Object.fromEntries(all('ambient-file').map((line) => halves(line, ' ')))
  if (dropIns.length === 0 && Object.keys(ambient).length === 0) return undefined
  return { dropIns, files, ambient, ambientFiles }
}

function ofEtcd(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => OF_ETCD.test(name)))
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}

function halves(line: string, separator: string): [string, string] {
  const at = line.indexOf(separator)
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}
