/** Files that one process at a time holds: created atomically, and free again when the holder has ended. */
import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../errors.ts'
import { isRunning, type ProcessIdentity, readIfThere, thisProcess } from '../files/process-identity.ts'
import { type Looked, until } from '../wait/until.ts'

export interface Claim {
  readonly owner: ProcessIdentity
  readonly note: string
}

/**
 * Takes a file if it is free.
 *
 * @param isStale whether an existing claim no longer counts
 * @returns the claim that is in the way, or undefined if this claim holds the file now
 */
export async function claimFile(
  file: string,
  claim: Claim,
  isStale: (other: Claim) => Promise<boolean>,
): Promise<Claim | undefined> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomUUID()}`
  await writeFile(draft, JSON.stringify(claim), { mode: 0o600 })
  try {
    for (;;) {
      // A link is created atomically, and never replaces a file.
      if (await linkIfFree(draft, file)) return undefined
      const text = await readIfThere(file)
      if (text === undefined) continue
      const other = parseClaim(text)
      if (other !== undefined && !(await isStale(other))) return other
      await removeStale(file, text, claim, isStale)
    }
  } finally {
    await rm(draft, { force: true })
  }
}

/** Runs `work` while holding the file; waits for another holder for at most `waitMs`. */
export async function withLock<Result>(
  file: string,
  options: { readonly waitMs: number; readonly signal?: AbortSignal | undefined },
  work: () => Promise<Result>,
): Promise<Result> {
  const owner = await thisProcess()
  const claim = { owner, note: randomUUID() }
  const look = async (): Promise<Looked<void, Claim>> => {
    const holder = await claimFile(file, claim, holderIsGone)
    return holder === undefined ? { found: undefined } : { missing: holder }
  }
  await until(look, {
    ms: options.waitMs,
    everyMs: 100,
    signal: options.signal,
    late: (holder) => {
      throw new QuorateError('locked', `process ${holder.owner.pid} holds the lock of this lab`, {
        id: 'another-run-holds-the-lab',
        hint: `wait for it to end, or end it; it holds ${file}`,
      })
    },
  })
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

async function holderIsGone(claim: Claim): Promise<boolean> {
  return !(await isRunning(claim.owner))
}

/** undefined: it is empty, as after a power loss. A claim is always written as a whole. */
function parseClaim(text: string): Claim | undefined {
  try {
    const claim = JSON.parse(text) as Partial<Claim> | null
    const { pid, startTime, bootId } = claim?.owner ?? {}
    const whole = Number.isInteger(pid) && typeof startTime === 'string' && typeof bootId === 'string'
    return whole && typeof claim?.note === 'string' ? (claim as Claim) : undefined
  } catch {
    return undefined
  }
}

async function linkIfFree(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Of many processes that find the same stale claim, one removes it, and only if it is still that claim. Otherwise a
 * process could remove the claim that the next one has just made.
 */
async function removeStale(
  file: string,
  text: string,
  claim: Claim,
  isStale: (other: Claim) => Promise<boolean>,
): Promise<void> {
  const guard = `${file}.${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
  // Its holder may have been killed in the middle of this too. Otherwise it is only held for a moment.
  if ((await claimFile(guard, claim, holderIsGone)) !== undefined) {
    await sleep(5)
    return
  }
  try {
    if ((await readIfThere(file)) !== text) return
    const other = parseClaim(text)
    if (other === undefined || (await isStale(other))) await rm(file, { force: true })
  } finally {
    await rm(guard, { force: true })
  }
}
