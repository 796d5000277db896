/** A machine as far as a backup schedule is concerned: the effects of the agent's operations, and its observation. */
import { createHash } from 'node:crypto'
import type { Operation } from '../../../src/host/operations.ts'
import type { FileThere, ScheduleThere } from '../../../src/schedule/look.ts'
import { PLACES, TIMER } from '../../../src/schedule/places.ts'
import { Failure } from '../failure.ts'

export const STORE = '/srv/backups'

interface SimFile extends FileThere {
  readonly text: string
}

export interface Machine {
  readonly name: string
  user: boolean
  readonly files: Map<string, SimFile>
  timer: { enabled: boolean; active: boolean }
  /** Owner of the directory with the backups; undefined: there is none. */
  storeOwner: string | undefined
  unreachable: boolean
}

export function bareMachine(name: string): Machine {
  const timer = { enabled: false, active: false }
  return { name, user: false, files: new Map(), timer, storeOwner: undefined, unreachable: false }
}

/** @returns the operation's output */
export type Effect = () => string | undefined

/** An operation in the pieces between which it can be interrupted. @param fresh an unused number */
export function effectsOf(
  machine: Machine,
  [kind, values]: Operation,
  fresh: () => number,
): readonly Effect[] {
  const { files } = machine
  const value = (name: string) => String((values as Readonly<Record<string, unknown>>)[name])
  const textIn = (name: string) => (values as Record<string, { text?: string }>)[name]?.text ?? ''
  const write = (path: string, text: string, ownership: Partial<FileThere> = {}) => {
    const sha256 = createHash('sha256').update(text).digest('hex')
    files.set(path, { owner: 'root:root', mode: '644', sha256, text, ...ownership })
    return undefined
  }
  const waiting = `${PLACES.folder}/waiting.key`
  switch (kind as string) {
    case 'user':
      return [() => void (machine.user = true)]
    case 'directory':
    case 'reload':
    case 'schedule_link':
      return [() => undefined]
    case 'binary':
      return [() => write(value('path'), '', { mode: '755', sha256: value('sha256') })]
    case 'file': {
      const [owner, mode] = [`${value('owner')}:${value('group')}`, value('mode')]
      return [() => write(value('path'), textIn('content'), { owner, mode })]
    }
    case 'remove':
      return (values as { paths: readonly string[] }).paths.map((path) => () => {
        for (const one of files.keys()) if (one === path || one.startsWith(`${path}/`)) files.delete(one)
        return undefined
      })
    case 'schedule_key':
      return [
        () => {
          const key = `key ${fresh()}`
          write(waiting, key)
          return `request ${Buffer.from(key).toString('base64')}`
        },
      ]
    case 'schedule_certificate':
      return [
        () => {
          const key = files.get(waiting)?.text
          if (key === undefined || textIn('certificate') !== `certificate of ${key}`)
            throw new Failure("the certificate doesn't match the waiting key on this node")
          files.delete(waiting)
          return write(PLACES.key, key, { mode: '640' })
        },
        () => write(PLACES.certificate, textIn('certificate'), { mode: '640' }),
      ]
    case 'schedule_signing_key':
      return [
        () => {
          const key = `ssh-ed25519 ${Buffer.from(`signing key ${fresh()}`).toString('base64')}`
          write(PLACES.signingKey, key, { mode: '600' })
          return `signing ${key}`
        },
      ]
    case 'schedule_store':
      return [() => void (machine.storeOwner = 'quorate-backup')]
    case 'schedule_forget':
      return [
        () => {
          const { folder } = values as { folder?: string }
          if (machine.user && folder === STORE && machine.storeOwner !== undefined)
            machine.storeOwner = 'root'
          return undefined
        },
        () => void (machine.user = false),
      ]
    case 'enable':
      return [() => void (machine.timer.enabled = true)]
    case 'restart':
      return [() => void (machine.timer.active = true)]
    case 'stop':
      return [() => void (value('unit') === TIMER && (machine.timer = { enabled: false, active: false }))]
    default:
      throw new TypeError(`no simulated machine does ${kind}`)
  }
}

export function lookAt({ name, user, files, timer }: Machine): ScheduleThere {
  const text = (path: string) => files.get(path)?.text
  const unit = (path: string, state: { enabled: boolean; active: boolean }) => ({
    exists: files.has(path),
    active: state.active ? 'active' : 'inactive',
    enabled: state.enabled,
    result: 'success',
  })
  const looked = new Set<string>(Object.values(PLACES))
  return {
    host: name,
    machine: 'x86_64',
    user,
    files: Object.fromEntries([...files].filter(([path]) => looked.has(path))),
    config: text(PLACES.config),
    state: undefined,
    certificate: text(PLACES.certificate),
    keySpki: text(PLACES.key),
    signingKey: text(PLACES.signingKey),
    sshKeygen: true,
    systemd: 252,
    exporterLink: undefined,
    timer: unit(PLACES.timer, timer),
    service: unit(PLACES.service, { enabled: false, active: false }),
    needsReload: false,
    next: undefined,
    periodSeconds: 3600,
    refused: undefined,
  }
}
