/** One attempt to write a value. It may be repeated any number of times, and takes effect once. */
import { create } from '@bufbuild/protobuf'
import { QuorateError } from '../errors.ts'
import type { CallOptions, MemberClient } from '../etcd/client.ts'
import type { KeyValue } from '../etcd/gen/common_pb.ts'
import {
  Compare_CompareResult,
  Compare_CompareTarget,
  KV,
  type ResponseOp,
  TxnRequestSchema,
} from '../etcd/gen/kv_pb.ts'
import { fromUtf8, utf8 } from '../etcd/keys.ts'
import type { Stored } from './ledger.ts'

const DIGITS = 16

export interface Put {
  readonly key: string
  /** Greater than every earlier value of the key. */
  readonly value: number
  /** The key is to be created: as far as is known, it doesn't exist. */
  readonly fresh: boolean
  readonly lease: bigint
}

export type PutOutcome =
  /** It is written, by this attempt or an earlier one. `before`: the old value; unknown after an earlier attempt. */
  | {
      readonly kind: 'written'
      readonly revision: bigint
      readonly term: bigint
      readonly before: Stored | 'nothing' | 'unknown'
    }
  /** The key exists although it should be new, or is missing although it should exist: nothing was written. */
  | { readonly kind: 'other'; readonly there: Stored | undefined; readonly term: bigint }

/**
 * Writes only over a smaller value, or, if `fresh`, only if there is no key. So an earlier attempt that arrives late,
 * after this one or after a later write, does nothing. If an earlier attempt was first, its value is found.
 *
 * @throws QuorateError `etcd`, `cancelled`
 */
export async function attemptPut(
  member: MemberClient,
  { key, value, fresh, lease }: Put,
  options: CallOptions,
): Promise<PutOutcome> {
  const name = utf8(key)
  const text = utf8(formatValue(value))
  const look = { request: { case: 'requestRange' as const, value: { key: name } } }
  const put = { request: { case: 'requestPut' as const, value: { key: name, value: text, lease } } }
  const condition = fresh
    ? {
        target: Compare_CompareTarget.CREATE,
        result: Compare_CompareResult.EQUAL,
        targetUnion: { case: 'createRevision' as const, value: 0n },
      }
    : {
        target: Compare_CompareTarget.VALUE,
        result: Compare_CompareResult.LESS,
        targetUnion: { case: 'value' as const, value: text },
      }
  const request = create(TxnRequestSchema, {
    compare: [{ key: name, ...condition }],
    success: [look, put],
    failure: [look],
  })
  const { header, succeeded, responses } = await member.call(KV.method.txn, request, options)
  if (header === undefined) throw new QuorateError('etcd', 'an answer without header', { host: member.name })
  const found = foundIn(responses[0])
  if (succeeded) {
    return { kind: 'written', revision: header.revision, term: header.raftTerm, before: found ?? 'nothing' }
  }
  if (found?.value === value)
    return { kind: 'written', revision: found.revision, term: header.raftTerm, before: 'unknown' }
  return { kind: 'other', there: found, term: header.raftTerm }
}

/** Enough digits for text to sort like numbers. */
export function formatValue(value: number): string {
  return String(value).padStart(DIGITS, '0')
}

export function storedIn(kv: KeyValue): Stored {
  return { value: Number(fromUtf8(kv.value)), version: kv.version, revision: kv.modRevision }
}

function foundIn(op: ResponseOp | undefined): Stored | undefined {
  const kv = op?.response.case === 'responseRange' ? op.response.value.kvs[0] : undefined
  return kv === undefined ? undefined : storedIn(kv)
}
