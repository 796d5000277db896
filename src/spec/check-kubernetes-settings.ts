/** Checks whether Kubernetes' programs would accept the settings in the file, and whether a file may set them. */
import { isIP } from 'node:net'
import { goBoolean, goDuration, goInteger } from './go-values.ts'
import {
  type ArgumentKind,
  type Component,
  PROGRAMS,
  argumentSince,
  knownArguments,
} from './kubernetes-arguments.ts'
import { type ConfiguredProgram, type FieldKind, fieldSince, knownFields } from './kubernetes-fields.ts'
import { type Reserved, reservedArgument, reservedField } from './kubernetes-reserved.ts'
import { checkKubernetesVersion, kubernetesMinor } from './kubernetes-versions.ts'
import { nearest } from './nearest.ts'
import type { Partly, Reporter } from './report.ts'
import type { ClusterFile } from './schema.ts'
import { checkArgumentsTogether, checkFieldsTogether } from './kubernetes-setting-rules.ts'

type Written = Partly<NonNullable<ClusterFile['kubernetes']>>

const COMPONENTS = Object.keys(PROGRAMS) as Component[]
const KINDS: Readonly<Record<ConfiguredProgram, string>> = {
  kubelet: 'KubeletConfiguration',
  kubeProxy: 'KubeProxyConfiguration',
}

/** In a file with thousands of unknown settings, only this many are compared with the known ones. */
const MOST_SUGGESTIONS = 100

export function checkKubernetesSettings(written: Written, report: Reporter): void {
  const { version } = written
  const minor =
    version === undefined || checkKubernetesVersion(version) !== undefined
      ? undefined
      : kubernetesMinor(version)
  for (const component of COMPONENTS) {
    const settings = written[component]?.arguments ?? {}
    const known = minor === undefined ? undefined : knownArguments(minor, component)
    for (const [index, [name, value]] of Object.entries(settings).entries()) {
      const program = { component, minor, known, suggests: index < MOST_SUGGESTIONS }
      if (value !== undefined) checkArgument(program, name, String(value), report)
    }
    checkArgumentsTogether(component, settings, report)
  }
  for (const program of Object.keys(KINDS) as ConfiguredProgram[]) {
    const fields = written[program]?.configuration ?? {}
    const known = minor === undefined ? undefined : knownFields(minor, program)
    for (const [index, [name, value]] of Object.entries(fields).entries())
      checkField({ program, minor, known, suggests: index < MOST_SUGGESTIONS }, name, value, report)
    checkFieldsTogether(program, fields, minor, report)
  }
}

interface Program {
  readonly component: Component
  /** Both undefined if the version is invalid. */
  readonly minor: string | undefined
  readonly known: ReadonlyMap<string, ArgumentKind> | undefined
  readonly suggests: boolean
}

function checkArgument(
  { component, minor, known, suggests }: Program,
  name: string,
  value: string,
  report: Reporter,
): void {
  const path = ['kubernetes', component, 'arguments', name]
  const place = `kubernetes.${component}.arguments.${short(name)}`
  const plain = argumentName(name)
  const reserved = reservedArgument(component, plain)
  if (reserved !== undefined) return refuse(path, place, reserved, report)
  const program = PROGRAMS[component]
  if (plain !== name || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
    const right = /^[a-z0-9]+(-[a-z0-9]+)*$/.test(plain)
    const message = `${place}: arguments are named without dashes in front, in lower case, with dashes between`
    report.error(path, message, right ? `write ${plain}` : 'write one like audit-log-maxage', 'key')
    return
  }
  const kind = known?.get(name)
  if (known !== undefined && kind === undefined) {
    const message = `${place}: ${program} ${minor} has no such argument, and would not start`
    report.error(path, message, unknownHint(name, suggests ? known.keys() : [], argumentSince(name)), 'key')
    return
  }
  // oxlint-disable-next-line no-control-regex -- a manifest could contain it, invisible to readers
  if (/[\u0000-\u001f\u007f]/.test(value))
    report.error(path, `${place}: a line break or control character`, 'write one line')
  else if (kind !== undefined) checkValue(kind, value, path, place, report)
}

const VALUES: Readonly<
  Record<Exclude<ArgumentKind, 'text'>, readonly [fits: (text: string) => boolean, hint: string]>
> = {
  boolean: [(text) => goBoolean(text) !== undefined, 'write true or false'],
  integer: [(text) => goInteger(text) !== undefined, 'write a whole number'],
  number: [(text) => text.trim() !== '' && Number.isFinite(Number(text)), 'write a number'],
  duration: [(text) => goDuration(text) !== undefined, 'write a number with its unit, like 30s or 5m'],
  address: [(text) => isIP(text) !== 0, 'write an IP address'],
}

function checkValue(
  kind: ArgumentKind,
  value: string,
  path: readonly string[],
  place: string,
  report: Reporter,
): void {
  if (kind === 'text') return
  const [fits, hint] = VALUES[kind]
  if (fits(value)) return
  report.error(path, `${place}: ${shown(value)} is not ${a(kind)}, and the program would not start`, hint)
}

interface Configuration {
  readonly program: ConfiguredProgram
  readonly minor: string | undefined
  readonly known: ReadonlyMap<string, FieldKind> | undefined
  readonly suggests: boolean
}

function checkField(
  { program, minor, known, suggests }: Configuration,
  name: string,
  value: unknown,
  report: Reporter,
): void {
  const path = ['kubernetes', program, 'configuration', name]
  const place = `kubernetes.${program}.configuration.${short(name)}`
  const reserved = reservedField(program, name)
  if (reserved !== undefined) return refuse(path, place, reserved, report)
  const kind = known?.get(name)
  if (known !== undefined && kind === undefined) {
    const message = `${place}: ${KINDS[program]} of ${minor} has no such field: it would have no effect`
    report.error(path, message, unknownHint(name, suggests ? known.keys() : [], fieldSince(name)), 'key')
  } else if (value === null || value === undefined)
    report.error(path, `${place} is empty`, 'give it a value, or remove the key')
  else if (kind !== undefined && !isOfKind(value, kind)) {
    const hint = kind === 'duration' ? 'write a number with its unit, like 30s' : undefined
    report.error(path, `${place} must be ${a(kind)}: the program would not start with this value`, hint)
  }
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  if (kind === 'boolean') return typeof value === 'boolean'
  if (kind === 'integer') return Number.isSafeInteger(value)
  if (kind === 'number') return typeof value === 'number' && Number.isFinite(value)
  if (kind === 'text') return typeof value === 'string'
  if (kind === 'duration') return typeof value === 'string' && goDuration(value) !== undefined
  if (kind === 'list') return Array.isArray(value)
  return typeof value === 'object' && !Array.isArray(value)
}

function refuse(path: readonly string[], place: string, { why, instead }: Reserved, report: Reporter): void {
  const hint = instead === undefined ? 'remove it' : `remove it; instead: ${instead}`
  report.error(path, `${place}: quorate sets this itself: ${why}`, hint, 'key')
}

function unknownHint(name: string, known: Iterable<string>, since: string | undefined): string | undefined {
  if (since !== undefined) return `it came with Kubernetes ${since}`
  const close = name.length > 100 ? undefined : nearest(name, known)
  return close === undefined ? undefined : `check the spelling: the closest match is ${close}`
}

/** Kubernetes' spelling of `--audit_log_maxage` and `auditLogMaxage`. */
function argumentName(name: string): string {
  return name
    .replace(/^-+/, '')
    .replaceAll(/(?<=[a-z0-9])[A-Z]/g, '-$&')
    .toLowerCase()
    .replaceAll('_', '-')
}

function a(kind: ArgumentKind | FieldKind): string {
  if (kind === 'text') return 'text'
  if (kind === 'boolean') return 'true or false'
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`
}

function short(name: string): string {
  return name.length > 60 ? `${name.slice(0, 57)}…` : name
}

function shown(value: string): string {
  return JSON.stringify(short(value))
}
