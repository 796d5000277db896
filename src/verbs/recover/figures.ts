/** Reads what a machine says of a copy of a member's data: `isolated.sh` prints it. */
import * as z from 'zod'
import { QuorateError } from '../../errors.ts'
import type { CopyFigures, HashFigure } from './compare.ts'

const Status = z.object({ revision: z.int() })
const Hashes = z.tuple([
  z.object({ HashKV: z.object({ hash: z.int(), compact_revision: z.int().default(0) }) }),
])

/**
 * What etcdctl said of the copy while that ran, and etcd's tool afterwards.
 *
 * @param host for the error
 * @throws QuorateError `unhealthy` where there is no revision
 */
export function readFigures(lines: readonly string[], host: string): Omit<CopyFigures, 'past'> {
  const { data: status } = Status.safeParse(jsonOf(textOf(lines, 'status')))
  if (status === undefined) {
    throw new QuorateError('unhealthy', 'the copy ran, and did not say at which revision it is', {
      host,
      hint: 'nothing was replaced: run it again. What it said is in /var/lib/quorate/recover.log there',
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
    // With something it does not know etcdctl prints its help; and what it says may be cut off.
    return undefined
  }
}
