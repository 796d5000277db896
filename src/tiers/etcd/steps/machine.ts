/** What a node needs before a member can run on it: packages, the user, directories, binaries. */
import type { HostStepCommon } from '../../../engine/step.ts'
import type { AccountState, GroupState, UserState } from '../../../host/account.ts'
import type { Operation } from '../../../host/operations.ts'
import type { Architecture } from '../../../host/state.ts'
import { UNKNOWN_YET } from '../facts/unknown.ts'
import { type HostKinds, needed, ofHost, ofMember } from './kind.ts'

export interface PackagesStep extends HostStepCommon {
  readonly kind: 'packages'
  readonly packages: readonly string[]
}

export interface UserStep extends HostStepCommon {
  readonly kind: 'user'
  readonly user: string
  readonly shell: string
}

export interface DirectoryStep extends HostStepCommon {
  readonly kind: 'directory'
  readonly path: string
  readonly owner: string
  readonly group: string
  /** As `stat` prints it, e.g. `750`. */
  readonly mode: string
}

export interface BinariesStep extends HostStepCommon {
  readonly kind: 'binaries'
  readonly version: string
  readonly architecture: Architecture
}

export type MachineStep = PackagesStep | UserStep | DirectoryStep | BinariesStep

export const MACHINE: HostKinds<MachineStep> = {
  packages: {
    action: 'create',
    predict: ofHost(({ packages }, step) => ({ packages: [...packages, ...step.packages] })),
    operations: ({ packages }) => [['packages', { names: packages }]],
    simulate: (machine, { packages }) => packages.map((name) => () => machine.installPackage(name)),
  },

  user: {
    action: 'made',
    distinguishes: ({ user }) => [user],
    predict: ofMember(({ account }, { shell }) => ({ account: accountMade(account, shell) })),
    operations: ({ user, shell }) => [['user', { name: user, shell }]],
    simulate: (machine, { shell }) => [() => machine.makeUser(shell)],
  },

  directory: {
    action: 'made',
    distinguishes: ({ path }) => [path],
    predict: ofMember(({ paths }, { path, owner, group, mode }) => ({
      paths: { ...paths, [path]: { type: 'directory', owner, group, mode } },
    })),
    operations: ({ path, owner, group, mode }) => [['directory', { path, owner, group, mode }]],
    simulate: (machine, { path, owner, group, mode }) => [
      () => machine.requireClosedAbove(path),
      () => machine.makeDirectory(path),
      () => machine.chown(path, owner, group),
      () => machine.chmod(path, mode),
    ],
  },

  binaries: {
    action: 'made',
    distinguishes: ({ version }) => [version],
    predict: ofMember(({ binaries }, { version }) => {
      const binary = { sha256: UNKNOWN_YET, version }
      return { binaries: { ...binaries, etcd: binary, etcdctl: binary } }
    }),
    operations: (step, { artifact }) =>
      needed(artifact, step).files.map(({ path, name, sha256 }): Operation => [
        'binary',
        { content: { file: path }, path: `/usr/local/bin/${name}`, sha256, version: step.version },
      ]),
    simulate: (machine, { version }) =>
      ['etcd', 'etcdctl'].map((name) => () => machine.installBinary(name, version)),
  },
}

/** The state after `op_user`. */
export function accountMade({ user, group }: AccountState, shell: string): AccountState {
  return { user: { ...(user ?? MADE_USER), shell }, group: group ?? MADE_GROUP }
}

const MADE_USER: Omit<UserState, 'shell'> = {
  uid: 999,
  gid: 999,
  primaryGroup: 'etcd',
  home: '/nonexistent',
  source: 'files',
  password: 'locked',
  sameUid: undefined,
}

const MADE_GROUP: GroupState = { gid: 999, source: 'files', members: [], sameGid: undefined }
