/**
 * The agent's operations and their arguments: `agent/*.sh` declares the same as `takes_NAME`, which a test
 * compares.
 *
 * `name` is one value, `~name` an optional one, `@name` content that is sent along, `..names` at the end any
 * number of values.
 */
import type { Content } from './parcel.ts'

/** The operations that change something. */
export const CHANGES = {
  packages: '..names',
  user: 'name shell',
  aside: 'suffix ..paths',
  remove: '..paths',
  directory: 'path owner group mode',
  file: '@content path owner group mode',
  binary: '@content path sha256 version',
  ground_open: 'wal',
  ground_close: 'data wal',
  key: 'name @configuration algorithm origin',
  certificates: '@ca @mark group ~@etcd ~@peer ~@server',
  ca: '@ca @mark group',
  tls_modes: 'group',
  reload: '',
  enable: 'unit',
  start: 'unit delay ..folders',
  ready: 'unit seconds',
  restart: 'unit seconds ..folders',
  stop: 'unit ~seconds',
  recover_drop: 'data wal',
  recover_copy: 'data wal',
  recover_tail: 'file end size @record',
  recover_run: '@program name data wal mode ..words',
  recover_make: 'token name peer data wal ..options',
  recover_done: 'data wal',
  recover_place: 'suffix data wal ~former',
  recover_keep: 'suffix path',
  recover_put_back: 'suffix data wal pin environment',
  recover_halt: '',
  recover_resume: '',
  restore_unpack: '@snapshot token suffix sha256 source data wal name members peers ..options',
  restore_halt: '',
  restore_place: 'token suffix data wal ~former',
  restore_unchecked: 'variable',
  restore_finish: '',
  restore_discard: 'data wal',
  schedule_key: 'folder @configuration algorithm',
  schedule_certificate: 'folder group @certificate',
  schedule_store: 'folder user',
  schedule_link: 'target path',
  schedule_forget: 'user ~folder',
  schedule_signing_key: 'folder comment',
  service_file: '@content path owner group mode unit ..check',
  service_load: 'unit seconds how ~socket ~question ~answer ..proof',
  service_remove: 'unit suffix ..paths',
  kernel: 'name @modules @settings',
  program: '@content path ~sha256 version ..aliases',
  program_link: 'target path',
  images: '@archive ..names',
  leaf_key: 'name @configuration algorithm ~keep',
  leaf_certificate: 'name @pem form certificate ~key ~@template ~kubeconfig ~reader',
  secret_file: '@content path mode',
  kubeadm_manifests: 'config reads stamp ..components',
  kubeadm_phases: 'config kubeconfig server ..phases',
  pods_remove: 'seconds',
  pod_network_remove: 'networks',
  apart: 'kept ..paths',
} as const

/** The operations that only read. */
export const LOOKS = {
  facts: '..packages',
  member: 'data wal client peer ..addresses',
  restore: '..folders',
  consumers: '',
  service: 'unit package ..files',
  device: '..addresses',
  holder: 'port',
  ask: 'socket question',
  kernel_look: 'name modules ..settings',
  programs: 'links ..paths',
  images_look: '..names',
  leaf: 'name form certificate ~key ~kubeconfig',
  secret: '..paths',
  node: 'address service ..ports',
  remains: 'networks ..paths',
} as const

/** A name and its values, e.g. `['remove', { paths: ['/opt/etcd'] }]`; a missing or unknown one is a type error. */
export type Operation = Operations<typeof CHANGES>

/** As `Operation`, for one that only reads. */
export type Look = Operations<typeof LOOKS>

/** Values by name. */
export type Values = Readonly<Record<string, string | Content | readonly string[] | undefined>>

type Operations<Declared extends Readonly<Record<string, string>>> = {
  [Name in keyof Declared]: Declared[Name] extends ''
    ? readonly [name: Name]
    : readonly [name: Name, values: ValuesOf<Words<Declared[Name]>>]
}[keyof Declared]

/** What stands between blanks. */
type Words<Text extends string> = Text extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : Text

type ValuesOf<Word extends string> = {
  readonly [One in Word as One extends `~${string}` ? never : NameOf<One>]: ValueOf<One>
} & {
  readonly [One in Word as One extends `~${infer Name}` ? NameOf<Name> : never]?: ValueOf<One> | undefined
}

type NameOf<Word extends string> = Word extends `..${infer Name}` | `@${infer Name}` ? Name : Word

type ValueOf<Word extends string> = Word extends `..${string}`
  ? readonly string[]
  : Word extends `@${string}` | `~@${string}`
    ? Content
    : string
