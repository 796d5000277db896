/**
 * Settings on a member's node without effect: those that etcd ignores, and variables that aren't etcd's. Says what
 * happens to them.
 */
import type { PassedOver } from '../etcd/reading.ts'
import { environmentName } from '../etcd/versions.ts'
import type { Member, Remark } from './member.ts'
import { type Settings, flagIs, makesItsCertificates } from './settings.ts'
import { runElsewhereBy } from './shape.ts'

type Found = Omit<Remark, 'host'>

/** If certificate files are given, etcd doesn't generate its own certificates. */
export function isOverruled(settings: Settings, flag: string): boolean {
  const role = flag === 'auto-tls' ? '' : flag === 'peer-auto-tls' ? 'peer-' : undefined
  return role !== undefined && flagIs(settings, flag) && !makesItsCertificates(settings, role)
}

export function withoutEffect({ settings, passedOver = [], version }: Member): Found[] {
  const overruled = ['auto-tls', 'peer-auto-tls']
    .filter((flag) => isOverruled(settings, flag))
    .map((flag) =>
      note(`${environmentName(flag)}=true has no effect: etcd uses the certificate files that it is given`),
    )
  const because = (reason: PassedOver['because'], source?: PassedOver['source']) =>
    passedOver.filter((one) => one.because === reason && (source === undefined || one.source === source))
  const [beside, shadowed, keys] = [because('file'), because('shadowed'), because('unknown', 'file')]
  return [
    ...overruled,
    ...(beside.length === 0
      ? []
      : [note(`etcd reads its configuration file only; no effect, and not in the file: ${list(beside)}`)]),
    ...(shadowed.length === 0
      ? []
      : [note(`flags override variables of the same name; not in the file: ${list(shadowed)}`)]),
    ...(keys.length === 0
      ? []
      : [
          note(`keys that etcd ${version} ignores in its configuration file; not in the file: ${list(keys)}`),
        ]),
  ]
}

/**
 * Variables that aren't etcd's settings, but change how it runs or what it connects to. The values of these may be
 * shown.
 */
const SHOWN = /^(?:GO(?:GC|MAXPROCS|MEMLIMIT|DEBUG|TRACEBACK)|TZ)$/
/** The values of these may contain a password, or have no meaning, so only the names are shown. */
const NAMED =
  /^(?:(?:https?|all|no)_proxy|LD_\w+|MALLOC_\w+|GLIBC_TUNABLES|SSL_CERT_(?:FILE|DIR)|RES_OPTIONS|LOCALDOMAIN|ETCD_UNSUPPORTED_ARCH)$/i

/** quorate's unit doesn't have them. Other processes keep theirs. */
export function ambient(member: Member): Found[] {
  if (runElsewhereBy(member) !== undefined) return []
  const { environment, unit } = member.process
  const unless = unit !== undefined && unit.dropIns.length > 0 ? ', unless a drop-in sets it' : ''
  return Object.entries(environment).flatMap(([name, value]): Found[] => {
    if (value === '' || (!SHOWN.test(name) && !NAMED.test(name))) return []
    const shown = SHOWN.test(name) ? `${name}=${value}` : name
    const message = `${shown} in etcd's environment is not carried over${unless}: the cluster file has no key for it`
    return [{ id: 'environment-is-not-carried-over', message, severity: 'warning' }]
  })
}

function list(some: readonly PassedOver[]): string {
  return some.map(({ name }) => name).join(', ')
}

function note(message: string): Found {
  return { id: 'setting-without-effect', message, severity: 'note' }
}
