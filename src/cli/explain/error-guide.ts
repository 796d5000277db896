/**
 * The meaning of each error code, for `quorate explain CODE` and for the reference pages that are generated from it.
 */
import { EXIT_CODES, type ErrorCode } from '../../errors.ts'

/** `bug` is not a QuorateError code: it stands for an error that quorate doesn't know. */
export type ReportedCode = ErrorCode | 'bug'

export interface ErrorGuide {
  readonly meaning: string
  /** What has been changed when the error is reported. */
  readonly changed: string
  readonly fix: string
}

const NOTHING = 'Nothing.'
const DONE_STAYS = 'Steps that were done stay done.'

/** Markdown, a sentence or two each. */
export const ERROR_GUIDE: Readonly<Record<ReportedCode, ErrorGuide>> = {
  usage: {
    meaning: 'The command line is wrong: a command, an option, or the value of one.',
    changed: NOTHING,
    fix: 'Correct the command line. `quorate COMMAND --help` shows what the command takes.',
  },
  'cluster-file': {
    meaning: 'The cluster file is missing, unreadable or wrong.',
    changed: NOTHING,
    fix: 'Run `quorate validate`. It lists every problem with line and column. `quorate explain KEY` describes a key.',
  },
  unreachable: {
    meaning:
      "A node can't be reached over SSH, or doesn't answer in time. Unreachable is not the same as down: etcd may run on it.",
    changed: `${DONE_STAYS} Whether the last step on this node was done is unknown until the node answers again.`,
    fix: 'Check the network, sshd and the login from this workstation. Then run the same command again.',
  },
  'host-key': {
    meaning: 'The SSH host key of a node is unknown, or differs from the recorded one.',
    changed: "Nothing on this node: quorate didn't log in.",
    fix: 'Unknown key: compare it and record it with `quorate trust`. Another key than before: find out why first. If the node was reinstalled, run `quorate trust --replace NODE`.',
  },
  permission: {
    meaning:
      'quorate has no root rights on a node, or a file on the workstation is open to other users or closed to you.',
    changed: DONE_STAYS,
    fix: 'On a node: use a login that can run sudo, or give the password with `--sudo-password-file FILE`. On the workstation: set the owner and mode that the message names.',
  },
  command: {
    meaning: 'A command on a node failed.',
    changed: `${DONE_STAYS} The step that failed may be done in part.`,
    fix: 'Fix the cause that the message shows. Then run the same command again: it continues where it stopped.',
  },
  preflight: {
    meaning: 'A node does not meet the requirements.',
    changed: NOTHING,
    fix: 'Run `quorate preflight`. It shows each failed check with its fix.',
  },
  pki: {
    meaning:
      'A CA, a key, a certificate request or a certificate is wrong, missing or expired, or a certificate waits for an offline CA.',
    changed: DONE_STAYS,
    fix: 'Run `quorate certs list` to see every certificate. With an offline CA: run `quorate certs csr --out DIR`, sign the requests, then run `quorate certs import DIR`.',
  },
  artifact: {
    meaning:
      "The programs or images of etcd or Kubernetes can't be obtained, or a checksum or signature is wrong.",
    changed: `${DONE_STAYS} A file with a wrong checksum is never installed.`,
    fix: 'Check `etcd.source` or `kubernetes.source` in the cluster file, and the proxy or mirror. Then run the same command again.',
  },
  etcd: {
    meaning: 'etcd answered with an error, or not at all.',
    changed: DONE_STAYS,
    fix: 'Run `quorate status`. Read the log of the member: `quorate run NODE --root -- journalctl -u etcd -n 50`.',
  },
  flannel: {
    meaning: "The flannel network in the cluster file or in etcd is wrong, or can't be changed now.",
    changed: DONE_STAYS,
    fix: 'Correct `network` in the cluster file. `quorate validate` checks it.',
  },
  kubernetes: {
    meaning: 'A Kubernetes API server answered with an error, or not at all.',
    changed: DONE_STAYS,
    fix: 'Run `quorate status`. Then run the same command again.',
  },
  blocked: {
    meaning: 'quorate refuses: the operation is not safe now, or quorate does not offer it.',
    changed: 'Nothing by the refused operation. Steps that were done before it stay done.',
    fix: 'Follow the fix in the message. It is valid at the current quorum.',
  },
  moved: {
    meaning: 'The plan is stale: nodes or members are not as they were when the plan was made.',
    changed: DONE_STAYS,
    fix: 'Run the command again, and read the new plan before you confirm it.',
  },
  backup: {
    meaning:
      'A backup or snapshot is corrupt, incomplete, of another cluster, or encrypted to a different key.',
    changed: 'Nothing from this backup was used.',
    fix: 'Check the identity or passphrase. Use another backup: `quorate backup list` lists them.',
  },
  signature: {
    meaning:
      'A backup is not signed, is signed by a key that is not allowed, or the signature is for another backup.',
    changed: 'Nothing from this backup was used.',
    fix: 'Compare the signer with `quorate backup signers`. Use a backup that an allowed key signed.',
  },
  unconfirmed: {
    meaning: 'A question needs an answer, and there is no terminal to ask on.',
    changed: NOTHING,
    fix: 'Rerun with `--yes`. Where the cluster name must be typed, rerun with `--confirm NAME`.',
  },
  declined: {
    meaning: 'You answered a question with no, or with another word than the one it asks for.',
    changed: NOTHING,
    fix: 'Run the command again if you want to go ahead.',
  },
  lab: {
    meaning: "The lab's nodes can't be created on this workstation.",
    changed: 'Nodes of the lab that were started stay.',
    fix: 'Install what the message names. A lab needs root and Debian with systemd-nspawn.',
  },
  runtime: {
    meaning: 'The Node.js that runs quorate is too old.',
    changed: NOTHING,
    fix: 'Install the version that the message names.',
  },
  state: {
    meaning: "The state directory of the cluster is wrong, or a file on the workstation can't be written.",
    changed: DONE_STAYS,
    fix: 'Fix the path, its owner or the free space, as the message says. Then run the same command again.',
  },
  store: {
    meaning: "The backup location can't be reached, is full, or refuses access.",
    changed: 'No backup was added. Existing backups are unchanged.',
    fix: 'Check the path, or the bucket, its credentials and its policy.',
  },
  locked: {
    meaning: 'Another run of quorate holds the lock on a node.',
    changed: 'Nothing on this node.',
    fix: 'Wait until the lock holder is done. `quorate unlock --preview` shows who it is and whether it still runs.',
  },
  unhealthy: {
    meaning: "The cluster is not healthy, or didn't become healthy in time.",
    changed: DONE_STAYS,
    fix: 'Run `quorate status`. It shows what is wrong with which member, and the fix. `docs/runbooks/index.md` has a runbook for each symptom.',
  },
  cancelled: {
    meaning: 'A signal stopped quorate: Ctrl-C, SIGTERM or SIGHUP.',
    changed: DONE_STAYS,
    fix: 'Run the same command again to continue.',
  },
  bug: {
    meaning: 'A bug in quorate. The message shows where.',
    changed: `${DONE_STAYS} \`quorate plan\` shows what is left to do.`,
    fix: 'Report the whole message and the command.',
  },
}

/** Exit codes that belong to no error, and further meanings of those that do. */
export const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  0: 'Done, healthy, or nothing to change.',
  1: 'A certificate has expired, `probe` saw client impact, or a command that `run` started failed on a node.',
  2: '`plan` found changes. `recover` or `repair` found that something must be decided.',
  141: 'The reader of the output went away, as in `quorate nodes | head -1`.',
}

/** sysexits(3): an internal software error. */
const BUG_EXIT = 70

export const REPORTED_CODES = Object.keys(ERROR_GUIDE) as readonly ReportedCode[]

export function exitCodeOf(code: ReportedCode): number {
  return code === 'bug' ? BUG_EXIT : EXIT_CODES[code]
}

/** All exit codes of quorate itself, ascending. */
export const ALL_EXIT_CODES: readonly number[] = [
  ...new Set([...REPORTED_CODES.map(exitCodeOf), ...Object.keys(EXIT_MEANINGS).map(Number)]),
].toSorted((one, other) => one - other)
