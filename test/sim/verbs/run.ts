/** One run of a command in the simulated world, like `runVerb`: decide, show, lock, decide again, compare, do. */
import { QuorateError } from '../../../src/errors.ts'
import type { BlockReason } from '../../../src/engine/step.ts'
import type { Node } from '../../../src/spec/cluster.ts'
import type { Disk } from '../disk.ts'
import { settle } from '../etcd.ts'
import { Failure } from '../failure.ts'
import { reach } from '../look.ts'
import { diskOf, fresh } from '../world.ts'
import { VerbViolation } from './violation.ts'
import type { VerbWorld } from './world.ts'

export type Outcome =
  | { readonly kind: 'done'; readonly pieces: number }
  | { readonly kind: 'blocked'; readonly reasons: readonly BlockReason[] }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'died' | 'locked' }

/** `D`: the decision from one observation. */
export interface SimVerb<D> {
  /** The command of the markers on machines that this one continues. */
  readonly finishes?: string | undefined
  /** Observes, and returns what would be done; undefined: nothing. @throws Refusal, Failure */
  readonly decide: () => D | undefined
  readonly same: (shown: D, now: D) => boolean
  /** What is done to which node: for the judge, who does not trust `same`. */
  readonly essence: (decision: D) => string
  /** Machines on which the lock is taken: on all of them, or the run ends. */
  readonly scope: (decision: D) => readonly Node[]
  readonly carryOut: (run: Run, decision: D) => Promise<void>
  /** What a person would check afterwards, if nothing else happened. */
  readonly checkDone: (decision: D) => void
}

/** With its reasons in one text, like `blockedError`. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reasons: readonly BlockReason[]

  constructor(reasons: readonly BlockReason[]) {
    super(reasons.map(({ message }) => message).join('; '))
    this.reasons = reasons
  }
}

/** `dies`: kill -9. `loses`: its connections break, and it reports that. */
export interface Interruption {
  /** Number of pieces of work done by then. */
  readonly at: number
  readonly how: 'dies' | 'loses'
}

export interface RunOptions {
  readonly interruption?: Interruption | undefined
  readonly takesOver?: boolean | undefined
  /** For the test of the test: it ignores the lock. */
  readonly lockless?: boolean | undefined
  /** For the test of the test: it ignores another command's marker. */
  readonly markless?: boolean | undefined
  /** May do something between the preview and the lock. */
  readonly shown?: (() => void) | undefined
  /** May do something before the piece with that number. @returns whether it did */
  readonly between?: ((piece: number) => Promise<boolean>) | undefined
  /** Changes the order of machines that are worked on in parallel. */
  readonly turn?: number | undefined
  readonly tell?: ((line: string) => void) | undefined
}

export class Interrupted extends Failure {}

/** More than any command does. */
const TOO_MANY = 400

export class Run {
  readonly vw: VerbWorld
  readonly #token: string
  readonly #options: RunOptions
  readonly #finishes: string | undefined
  pieces = 0
  /** Something happened in between. */
  disturbed = false

  constructor(vw: VerbWorld, token: string, options: RunOptions, finishes?: string) {
    this.vw = vw
    this.#finishes = finishes
    this.#token = token
    this.#options = options
  }

  /** A piece of work, after each of which quorate can die. @param host whose fence compares the lock */
  async do(what: string, effect: () => void, host?: string): Promise<void> {
    const { world } = this.vw
    const { interruption, lockless, tell, between } = this.#options
    if (this.pieces >= TOO_MANY) throw new VerbViolation('effect', what)
    if ((await between?.(this.pieces)) === true) {
      this.disturbed = true
      this.vw.blind = true
    }
    if (interruption !== undefined && this.pieces >= interruption.at)
      throw new Interrupted('the tool was interrupted')
    if (host !== undefined) reach(world, [diskOf(world, host).node])
    if (world.lock !== this.#token) {
      if (lockless === true) throw new VerbViolation('one-operator', what)
      throw new Failure('the lock is not ours any more')
    }
    if (host !== undefined && !this.disturbed && isKeptFrom(diskOf(world, host), this.#finishes))
      throw new VerbViolation('kept-away', `${host}: ${what}`)
    tell?.(`    ${this.pieces} ${host ?? '*'}: ${what}`)
    this.pieces += 1
    effect()
    settle(world, this.vw.cluster)
  }

  /**
   * In parallel, as far as a simulation can: in another order each time, and one failure does not affect the others.
   */
  async onAll<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
    const failures: string[] = []
    const turn = (this.#options.turn ?? 0) % Math.max(1, all.length)
    for (const one of [...all.slice(turn), ...all.slice(0, turn)]) {
      try {
        await work(one)
      } catch (error) {
        if (!(error instanceof Failure) || error instanceof Interrupted) throw error
        failures.push(error.message)
      }
    }
    if (failures.length > 0) throw new Failure(failures.join('; '))
  }
}

export async function operate<D>(
  vw: VerbWorld,
  verb: SimVerb<D>,
  options: RunOptions = {},
): Promise<Outcome> {
  const { world } = vw
  const token = `lock ${fresh(world)}`
  world.truth.unseen.clear()
  let run: Run | undefined
  try {
    const before = unchanged(vw)
    const shown = verb.decide()
    before()
    if (shown === undefined) return { kind: 'done', pieces: 0 }
    if (world.lock !== undefined && options.takesOver !== true && options.lockless !== true)
      return { kind: 'locked' }
    options.shown?.()
    const scope = verb.scope(shown)
    reach(world, scope)
    const half = scope.filter(({ name }) => isKeptFrom(diskOf(world, name), verb.finishes))
    if (half.length > 0 && options.markless !== true)
      return refused(
        half.map(({ name }) => ({ host: name, message: 'something is half done', hint: 'finish it' })),
      )
    world.lock = token
    const decision = verb.decide()
    if (decision === undefined || !verb.same(shown, decision)) return failed('it is not as it was shown')
    if (verb.essence(shown) !== verb.essence(decision))
      throw new VerbViolation('as-shown', `${verb.essence(decision)}; shown was ${verb.essence(shown)}`)
    run = new Run(vw, token, options, verb.finishes)
    await verb.carryOut(run, decision)
    // The check is not one of quorate's observations, during which something could happen.
    world.watch.looked = undefined
    if (!run.disturbed && !world.truth.skewed) verb.checkDone(decision)
    return { kind: 'done', pieces: run.pieces }
  } catch (error) {
    if (error instanceof Interrupted && options.interruption?.how === 'dies') return { kind: 'died' }
    if (error instanceof Refusal) return refused(error.reasons)
    if (error instanceof QuorateError && run?.disturbed === false && error.code === 'moved')
      throw new VerbViolation('effect', error.message)
    if (error instanceof QuorateError && error.code === 'blocked')
      return refused([{ host: error.host, message: error.message, hint: error.hint }])
    if (!(error instanceof Failure) && !(error instanceof QuorateError)) throw error
    return failed(error.message)
  } finally {
    if (world.lock === token) world.lock = undefined
  }
}

/** Marked by another command that must be completed first. */
function isKeptFrom({ underway }: Disk, finishes: string | undefined): boolean {
  return underway !== undefined && underway.verb !== finishes
}

function failed(message: string): Outcome {
  return { kind: 'failed', message }
}

function refused(reasons: readonly BlockReason[]): Outcome {
  const silent = reasons.some(({ message, hint = '' }) => message === '' || hint === '')
  if (silent || reasons.length === 0) throw new VerbViolation('ends-with-reason', JSON.stringify(reasons))
  return { kind: 'blocked', reasons }
}

/** @returns a check that only machines themselves changed anything since. */
function unchanged(vw: VerbWorld): () => void {
  const before = atRest(vw)
  const { count, truth } = vw.world
  const { skewed } = truth
  return () => {
    // Something happened during one of its observations; a later, complete one no longer shows it.
    if (vw.blind || truth.skewed !== skewed || count === undefined) return
    if (digest(vw) !== before) throw new VerbViolation('nothing-before-yes', 'a look changed a machine')
  }
}

/** More moments than members can make each other wait. */
const LONG = 20

/**
 * Time passes until nothing happens by itself any more: once a member serves, another one that systemd keeps restarting
 * can join, and each observation lets time pass.
 */
function atRest(vw: VerbWorld): string {
  let before = digest(vw)
  for (let count = 0; count < LONG; count += 1) {
    settle(vw.world, vw.cluster)
    const now = digest(vw)
    if (now === before) return now
    before = now
  }
  throw new TypeError('the cluster never comes to rest')
}

function digest({ world }: VerbWorld): string {
  const disks = [...world.disks.values()].map(
    ({ files, data, wal, enabled, process, retrying, tls, aside }) => [
      [...files],
      data,
      wal,
      enabled,
      process,
      retrying,
      [...tls.certificates.keys()],
      aside,
    ],
  )
  return JSON.stringify([disks, [...world.rafts.values()], world.ca, world.network])
}
