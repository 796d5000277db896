import { BLOCKED_IDS, type BlockedId } from './blocked-ids.ts'

/** By code; those of `blocked` are in a file of their own. */
const OTHER_IDS = {
  artifact: [
    'another-architecture',
    'another-version-in-debian',
    'another-version-is-printed',
    'build-fails',
    'build-is-too-slow',
    'checksum-is-not-pinned',
    'checksum-is-not-published',
    'damaged-archive',
    'damaged-bundle',
    'download-was-interrupted',
    'endless-redirects',
    'go-is-too-old',
    'no-checksum-database',
    'no-module-proxy',
    'no-published-checksum',
    'no-usable-go',
    'not-a-linux-program',
    'not-released',
    'program-is-missing',
    'proxy-is-unreachable',
    'proxy-lacks-a-module',
    'proxy-serves-other-content',
    'server-is-unreachable',
    'source-is-a-directory',
    'source-is-unreadable',
    'too-much-data',
    'tool-is-not-installed',
    'unencrypted-redirect',
    'unfit-bundle',
    'unverified-release',
  ],
  backup: [
    'backup-of-another-cluster',
    'backup-of-another-cluster-id',
    'changed-after-encryption',
    'damaged-backup',
    'damaged-beginning',
    'damaged-export',
    'no-valid-ca-key',
    'not-a-backup',
    'not-an-export',
    'side-file-differs',
    'snapshot-is-another-one',
    'snapshot-is-damaged',
    'wrong-secret',
  ],
  'cluster-file': [
    'cannot-be-edited',
    'no-kubernetes',
    'no-v2-api-in-this-version',
    'not-an-exact-version',
    'unfit-directory',
    'unfit-for-the-version',
    'unfit-settings',
    'unsupported-version',
  ],
  command: [
    'another-process-changes-the-data',
    'cri-plugin-is-not-loaded',
    'data-was-not-created',
    'lost-the-lock',
    'not-a-file-or-directory',
    'program-of-another-tool',
    'too-much-output',
  ],
  etcd: ['no-etcdctl-there', 'no-v2-api', 'no-voting-member'],
  'host-key': ['another-host-key', 'unknown-host-key'],
  kubernetes: [
    'api-server-gives-no-answer',
    'api-server-is-not-ready',
    'api-server-of-another-ca',
    'api-server-of-another-name',
    'load-balancer-leads-nowhere',
    'no-api-server-there',
    'no-kubectl-there',
    'node-is-unreachable',
    'pod-does-not-start',
  ],
  lab: ['addresses-in-use'],
  locked: ['another-operator-holds-the-lock', 'another-run-holds-the-lab'],
  moved: ['compacted-revision', 'stale-plan'],
  permission: [
    'cluster-file-is-not-safe',
    'directory-is-not-safe',
    'login-ran-nothing',
    'no-access-key',
    'no-safe-directory',
    'no-sudo',
    'secret-is-not-private',
    'secret-is-unreadable',
    'secret-needs-an-answer',
    'state-directory-is-not-safe',
  ],
  pki: [
    'ca-certificate-is-unreadable',
    'ca-expires-soon',
    'ca-has-expired',
    'ca-host-signed-something-else',
    'ca-is-not-yet-valid',
    'ca-key-has-no-passphrase',
    'ca-key-is-missing',
    'ca-may-not-sign',
    'empty-passphrase',
    'imported-certificate-is-wrong',
    'key-of-another-ca',
    'name-constraints',
    'no-certificate',
    'no-private-key',
    'not-a-chain',
    'not-the-ca-of-the-members',
    'offline-ca-has-not-signed',
    'openssl-fails',
    'request-for-another-subject',
    'request-for-more-rights',
    'request-for-other-names',
    'request-with-invalid-signature',
    'request-without-a-name',
    'reserved-name',
    'still-a-weak-ca',
    'unfit-name',
    'weak-new-ca',
    'weak-request',
    'wrong-passphrase',
  ],
  preflight: ['configuration-file-is-no-yaml'],
  signature: [
    'another-description-than-signed',
    'another-signature',
    'changed-after-signing',
    'damaged-signature',
    'expired-key',
    'name-of-another-backup',
    'no-allowed-signers',
    'revoked-key',
    'unknown-key',
    'unsigned',
  ],
  state: [
    'damaged-recovery-marker',
    'file-exists',
    'key-needs-a-passphrase',
    'no-space',
    'not-a-regular-file',
    'not-our-file',
  ],
  store: [
    'access-key-is-not-accepted',
    'access-key-lacks-rights',
    'bucket-in-another-region',
    'ca-is-unreadable',
    'certificate-is-not-trusted',
    'clocks-differ',
    'files-were-not-deleted',
    'no-object-lock',
    'no-room',
    'no-such-bucket',
    'no-such-file',
    'not-a-directory',
    'others-can-replace-backups',
    'request-failed',
    'service-is-unreachable',
  ],
  unhealthy: [
    'cluster-not-healthy-in-time',
    'differs-from-the-copy',
    'keyspaces-differ',
    'members-not-healthy-in-time',
    'no-member-to-back-up',
    'no-revision',
    'no-tls-answer',
    'snapshot-is-corrupt',
  ],
  unreachable: ['connection-lost', 'no-answer-in-time'],
  usage: [
    'another-address',
    'checksums-do-not-match',
    'cluster-file-exists',
    'conflicting-options',
    'file-has-no-pins',
    'id-of-another-member',
    'no-backup-location',
    'no-path-for-the-version',
    'no-such-etcd-node',
    'no-such-node',
    'no-such-selection',
    'no-such-tier',
    'not-a-master',
    'not-a-member-id',
    'not-a-repeating-time',
    'option-of-another-source',
    'other-checksums-for-the-version',
    'pinned-source',
    'plan-of-an-older-version',
    'schedule-needs-recipients',
    'several-tiers',
    'tier-depends-on-etcd',
    'unfit-backup-directory',
    'unfit-store-directory',
    'unknown-architecture',
    'unknown-suite',
  ],
} as const

type OtherIds = typeof OTHER_IDS

/**
 * The IDs of errors, by code: which of the code's errors it is, in words that stay when the message is reworded. Tests and scripts
 * recognize an error by CODE/ID, and `quorate explain CODE/ID` explains it. An ID is an interface: add, don't change. Each is unique.
 */
export type ErrorId = BlockedId | IdOf<keyof OtherIds>

/** The IDs of one code. Those of `blocked`: `BlockedId`. */
export type IdOf<Code extends keyof OtherIds> = OtherIds[Code][number]

/** `locked/another-operator-holds-the-lock`, as `quorate explain` takes it. */
export type ErrorTopic =
  | `blocked/${BlockedId}`
  | { [Code in keyof OtherIds]: `${Code}/${IdOf<Code>}` }[keyof OtherIds]

const TOPICS = new Map<string, ErrorTopic>(
  Object.entries({ ...OTHER_IDS, blocked: BLOCKED_IDS }).flatMap(([code, ids]) =>
    ids.map((id) => [id, `${code}/${id}` as ErrorTopic]),
  ),
)

export const ERROR_TOPICS: readonly ErrorTopic[] = [...TOPICS.values()]

export function isErrorId(id: string): id is ErrorId {
  return TOPICS.has(id)
}

export function topicOf(id: ErrorId): ErrorTopic {
  const topic = TOPICS.get(id)
  if (topic === undefined) throw new TypeError(`${id} is not the ID of an error`)
  return topic
}
