/**
 * The IDs of errors, by code: which of the code's errors it is, in words that stay when the message is reworded. Tests and scripts
 * recognize an error by CODE/ID, and `quorate explain CODE/ID` explains it. An ID is an interface: add, don't change. Each is unique.
 */
export const ERROR_IDS = {
  artifact: [
    'another-version-in-debian',
    'another-version-is-printed',
    'checksum-is-not-pinned',
    'no-checksum-database',
    'proxy-serves-other-content',
  ],
  backup: [
    'backup-of-another-cluster',
    'backup-of-another-cluster-id',
    'changed-after-encryption',
    'damaged-beginning',
    'side-file-differs',
    'wrong-secret',
  ],
  blocked: [
    'all-etcd-nodes-leave',
    'already-managed',
    'another-etcd-version',
    'another-operation-is-not-complete',
    'another-signing-key',
    'ca-of-the-members-is-missing',
    'certificate-of-another-ca',
    'cgroup-controllers',
    'cgroup-version',
    'changed-data-directories',
    'cluster-has-run-a-newer-minor',
    'cluster-id-file-is-missing',
    'cluster-is-not-healthy',
    'configuration-file-unreadable',
    'container-room',
    'containerd-of-a-release',
    'containerd-of-the-distribution',
    'data-is-missing',
    'data-of-another-cluster',
    'data-of-another-member',
    'does-not-answer-as-a-member',
    'etcd-of-another-user',
    'etcd-owns-the-path',
    'etcd-unit-fails',
    'etcd-unit-is-stopped',
    'file-of-another-tool',
    'keys-of-another-kubernetes',
    'member-down-before-defragmentation',
    'new-data-is-lost',
    'no-etcd-at-client-port',
    'no-etcd-on-the-node',
    'no-member-but-a-proxy',
    'no-quorum-possible',
    'node-ports',
    'old-ca-is-not-in-the-cluster-file',
    'other-kubernetes',
    'port-in-use',
    'quorum-would-be-lost',
    'remaining-member-does-not-answer',
    'run-by-something-else',
    'same-machine',
    'several-clusters',
    'several-etcd-on-the-node',
    'static-pod-does-not-run',
    'swap',
    'symbolic-link',
    'too-much-live-data',
    'unknown-ca',
    'unknown-operation',
    'unknown-which-member-is-correct',
    'v2-api-has-data',
    'v2-api-is-enabled',
    'weak-ca',
    'writes-would-fail',
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
  etcd: ['no-v2-api'],
  'host-key': ['another-host-key', 'unknown-host-key'],
  kubernetes: ['load-balancer-leads-nowhere'],
  lab: ['addresses-in-use'],
  locked: ['another-operator-holds-the-lock'],
  moved: ['compacted-revision'],
  permission: [
    'cluster-file-is-not-safe',
    'directory-is-not-safe',
    'login-ran-nothing',
    'no-access-key',
    'no-sudo',
    'secret-is-not-private',
    'secret-needs-an-answer',
    'state-directory-is-not-safe',
  ],
  pki: ['not-the-ca-of-the-members', 'offline-ca-has-not-signed', 'reserved-name', 'still-a-weak-ca'],
  signature: [
    'another-signature',
    'changed-after-signing',
    'expired-key',
    'name-of-another-backup',
    'no-allowed-signers',
    'revoked-key',
    'unknown-key',
    'unsigned',
  ],
  state: ['file-exists'],
  store: [
    'access-key-is-not-accepted',
    'certificate-is-not-trusted',
    'no-object-lock',
    'no-such-bucket',
    'service-is-unreachable',
  ],
  unhealthy: [
    'cluster-not-healthy-in-time',
    'differs-from-the-copy',
    'members-not-healthy-in-time',
    'no-member-to-back-up',
    'no-tls-answer',
    'snapshot-is-corrupt',
  ],
  unreachable: ['connection-lost', 'no-answer-in-time'],
  usage: [
    'cluster-file-exists',
    'conflicting-options',
    'no-backup-location',
    'no-such-node',
    'not-a-repeating-time',
    'schedule-needs-recipients',
    'unfit-backup-directory',
    'unknown-architecture',
  ],
} as const

type Ids = typeof ERROR_IDS

/** `another-operator-holds-the-lock`. */
export type ErrorId = IdOf<keyof Ids>

/** The IDs of one code. */
export type IdOf<Code extends keyof Ids> = Ids[Code][number]

/** `locked/another-operator-holds-the-lock`, as `quorate explain` takes it. */
export type ErrorTopic = { [Code in keyof Ids]: `${Code}/${IdOf<Code>}` }[keyof Ids]

const TOPICS = new Map<string, ErrorTopic>(
  Object.entries(ERROR_IDS).flatMap(([code, ids]) => ids.map((id) => [id, `${code}/${id}` as ErrorTopic])),
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
