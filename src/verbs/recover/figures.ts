/** Reads what `isolated.sh` prints about a copy of a member's data. */
import * as z from 'zod'
import { QuorateError } from '../../errors.ts'
import type { CopyFigures, HashFigure } from './compare.ts'

const Status = z.object({ revision: z.int() })
const Hashes = z.tuple([
  z.object({ HashKV: z.object({ hash: z.int(), compact_revision: z.int().default(0) }) }),
])

/**
 * What etcdctl reported about the copy while it ran, and etcdutl afterwards.
 *
 * @param host for the error
 * @throws QuorateError `unhealthy` where there is no revision
 */
export function readFigures(lines: readonly string[], host: string): Omit<CopyFigures, 'past'> {
  const { data: status } = Status.safeParse(jsonOf(textOf(lines, 'status')))
  if (status === undefined) {
    throw new QuorateError('unhealthy', 'etcd on the copy did not report its revision', {
      id: 'no-revision',
      host,
      hint: 'rerun the command; no data was replaced. The output is in /var/lib/quorate/recover.log on that node',
    })
  }
  const [, revision, count] = /^(\d+) (\d+)$/.exec(textOf(lines, 'keys').trim()) ?? []
  return {
    revision: status.revision,
    keys: revision === undefined ? undefined : { revision: Number(revision), count: Number(count) },
    hash: hashOf(textOf(lines, 'hash')),
  }
}

/** @param key that was written for it */
export function readPast(
  lines: readonly string[],
  key: { readonly key: string; readonly value: string },
): CopyFigures['past'] {
  const [, revision, json = ''] = /^(\d+) (.*)$/.exec(textOf(lines, 'past')) ?? []
  const hash = hashOf(json)
  return hash && { ...hash, ...key, revision: Number(revision) }
}

function hashOf(text: string): HashFigure | undefined {
  const { data } = Hashes.safeParse(jsonOf(text))
  const said = data?.[0].HashKV
  return said && { hash: said.hash, compactRevision: said.compact_revision }
}

function textOf(lines: readonly string[], what: string): string {
  const start = `recovered-${what} `
  return lines.find((line) => line.startsWith(start))?.slice(start.length) ?? ''
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // etcdctl prints its help for an unknown option, and its output may be cut off.
    return undefined
  }
}
