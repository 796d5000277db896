/**
 * The exit codes of each command, other than those of every command (0, 64, 70, 72, 130), for its page and its manual
 * page. test/generated.test.ts compares them with the errors in the sources that the command loads.
 */
import type { ErrorCode } from '../../src/errors.ts'

export interface Exits {
  readonly errors: readonly ErrorCode[]
  /** The command's own meaning of a code. */
  readonly own?: Readonly<Record<number, string>> | undefined
}

/** Reads the cluster file, and files next to it. */
const FILE = ['cluster-file', 'state', 'permission'] as const
/** Logs in to nodes. */
const NODES = [...FILE, 'unreachable', 'host-key', 'command'] as const
/** Connects to members, with a certificate of the CA. */
const MEMBERS = [...NODES, 'pki', 'etcd'] as const
/** Changes something after a question, under the lock. */
const CHANGES = ['blocked', 'moved', 'locked', 'unhealthy', 'unconfirmed', 'declined'] as const
/** Programs for nodes. */
const PROGRAMS = ['artifact'] as const
const BACKUPS = ['store', 'backup', 'signature'] as const
const SIGNALS_QUORUM = { 1: 'The cluster has no quorum afterwards.' }
const CONVERGES: Exits = { errors: [...MEMBERS, ...CHANGES, ...PROGRAMS, 'flannel', 'kubernetes'] }
const SPACE: Exits = { errors: [...MEMBERS, ...CHANGES] }
const POWER: Exits = { errors: [...MEMBERS, ...CHANGES], own: SIGNALS_QUORUM }
const LAB: Exits = { errors: [...FILE, 'lab'] }

export const EXITS: Readonly<Record<string, Exits>> = {
  init: { errors: ['state', 'permission', 'cancelled'] },
  validate: { errors: ['cluster-file', 'permission'] },
  nodes: { errors: FILE },
  trust: { errors: [...FILE, 'unreachable', 'host-key', 'unconfirmed', 'declined'] },
  run: { errors: NODES, own: { 1: 'The command failed on a node.' } },
  preflight: { errors: [...MEMBERS, 'preflight'] },
  plan: { errors: [...MEMBERS, 'blocked', 'flannel', 'kubernetes'], own: { 2: 'There are changes.' } },
  apply: CONVERGES,
  adopt: { errors: [...MEMBERS, ...CHANGES] },
  status: { errors: MEMBERS, own: { 1: 'The cluster is not healthy.' } },
  probe: { errors: [...MEMBERS, 'unhealthy', 'blocked'], own: { 1: 'Clients were affected.' } },
  etcdctl: { errors: MEMBERS, own: { 1: 'Any other code is the exit code of etcdctl.' } },
  kubectl: {
    errors: [...NODES, 'pki', 'kubernetes'],
    own: { 1: 'Any other code is the exit code of kubectl.' },
  },
  reset: { errors: [...MEMBERS, ...CHANGES, 'kubernetes'] },
  'member add': CONVERGES,
  'member remove': CONVERGES,
  'member replace': CONVERGES,
  upgrade: { errors: CONVERGES.errors, own: { 8: 'With `--check`: something blocks the upgrade.' } },
  'bundle create': { errors: [...FILE, 'artifact'] },
  'bundle verify': { errors: ['artifact', 'permission'] },
  'move-leader': SPACE,
  restart: POWER,
  stop: POWER,
  start: POWER,
  quota: { errors: [...MEMBERS, 'blocked', 'unhealthy'], own: { 1: 'No free space is left.' } },
  alarms: { errors: SPACE.errors, own: { 1: 'An alarm is raised, or no member answered.' } },
  compact: SPACE,
  defrag: SPACE,
  'space reclaim': SPACE,
  unlock: { errors: [...NODES, 'blocked', 'moved', 'locked', 'unconfirmed', 'declined'] },
  backup: { errors: [...MEMBERS, ...BACKUPS, 'unhealthy', 'unconfirmed', 'kubernetes'] },
  'backup schedule': { errors: [...MEMBERS, ...CHANGES, ...BACKUPS, 'artifact'] },
  'backup list': { errors: [...FILE, 'store'] },
  'backup verify': { errors: [...FILE, ...BACKUPS, 'artifact', 'unconfirmed'] },
  'backup signers': {
    errors: [...NODES, 'signature', 'unconfirmed', 'declined', 'locked', 'blocked'],
  },
  'backup prune': { errors: [...FILE, 'store', 'unconfirmed', 'declined'] },
  restore: { errors: [...CONVERGES.errors, ...BACKUPS] },
  recover: {
    errors: [...CONVERGES.errors, 'store'],
    own: { 2: 'Something must be decided.' },
  },
  repair: {
    errors: CONVERGES.errors,
    own: { 2: "A member is damaged, or can't be compared." },
  },
  export: { errors: [...MEMBERS, 'unhealthy', 'moved'] },
  import: { errors: [...MEMBERS, ...CHANGES, 'backup'] },
  'certs list': {
    errors: [...NODES, 'pki'],
    own: { 1: 'A certificate has expired, or a node could not be asked.' },
  },
  'certs client': {
    errors: [...NODES, 'pki'],
    own: { 1: 'The certificate waits for the offline CA.' },
  },
  'certs renew': {
    errors: [...MEMBERS, ...CHANGES],
    own: { 1: 'A certificate waits for the offline CA.' },
  },
  'certs rotate-ca': { errors: [...MEMBERS, ...CHANGES] },
  'certs csr': { errors: [...MEMBERS, 'locked', 'blocked', 'moved'] },
  'certs import': {
    errors: [...FILE, 'pki'],
    own: { 4: 'A certificate was refused, or is missing.' },
  },
  kubeconfig: { errors: [...NODES, 'pki', 'unconfirmed', 'declined'] },
  'lab up': LAB,
  'lab down': LAB,
  'lab status': { errors: LAB.errors, own: { 1: 'Not every node of the lab runs.' } },
  explain: { errors: [] },
  completion: { errors: [] },
  version: { errors: [] },
}
