/**
 * What is known of etcd's versions: newest patches, support, known faults, requirements of a step from minor to minor.
 * A new patch of etcd only changes this file.
 *
 * # How to update it (ten minutes)
 *
 * 1. Get etcd's changelogs, CHANGELOG/CHANGELOG-3.5.md etc. from https://github.com/etcd-io/etcd, into a directory.
 * 2. `node script/etcd-changelog.ts DIRECTORY` lists each release that is newer than NEWEST, and each entry that
 *   nothing in this file mentions. `node script/etcd-changelog.ts --fetch` downloads the changelogs first.
 * 3. Judge each entry. A fault that clients or operators can notice, and that affects data, answers, availability or
 *   security, becomes a row of HAZARDS, in etcd's own words where possible. If the row exists, add the patch and the
 *   pull request to it. Everything else goes to HARMLESS, under the reason.
 * 4. Write the newest patch into NEWEST, and run the script again: it prints nothing. Hints, `init` and the schema's
 *   example change automatically (`vitest run --project unit -u src/spec/json-schema.test.ts` writes it); `git grep`
 *   the old patch in docs/, examples/, README.md and test/, where it is text, and test/lab/etcd-binaries.ts, which
 *   builds it.
 * 5. New flags or feature gates: `src/etcd/flags.ts`. What a value must be: `src/etcd/setting-values.ts`. `vitest run
 *   --project unit src/etcd/version-facts.test.ts` checks that the tables are complete.
 *
 * # What was read, and what was not (2026-11-29)
 *
 * - 3.4.36 to 3.4.44, 3.5.18 to 3.5.32, 3.6.1 to 3.6.13: the changelogs' entries that fix something. Entries that add
 *   or improve something were not all read. 3.4.45: not read, nothing is marked as fixed in it.
 * - 3.7.0 and 3.7.1: the whole changelog. 3.6.15, 3.6.16, the coming 3.6.17: the changelog, for 3.6.15 in part.
 * - 3.5.31 to 3.5.35, 3.6.11 to 3.6.16, 3.7.0 to 3.7.3: compared patch by patch in the source of etcd's server module,
 *   which is how versions without an available changelog were judged. Backports in 3.5.33 and 3.6.14 therefore have no
 *   pull request in this file, and the script names them once.
 * - `forced-behind`: the changelog of 3.6 has the fix for a coming release; it is assumed that 3.5 and 3.7 need it too.
 * - Advisories: those that name etcd's server, to CVE-2026-73500. Before 3.4.36 and 3.5.18: only severe faults, judged
 *   earlier.
 */

/** Newest patch of each minor, and the end of its support: `ended` in the past, `until` in the future, or open. */
const RELEASES = {
  '3.3': { patch: '3.3.27', support: 'ended 2021-10' },
  '3.4': { patch: '3.4.45', support: 'ended 2026-06' },
  // A year after 3.7.0.
  '3.5': { patch: '3.5.35', support: 'until 2027-07-08' },
  '3.6': { patch: '3.6.16', support: 'open' },
  '3.7': { patch: '3.7.3', support: 'open' },
} as const

export const NEWEST: Readonly<Record<string, { readonly patch: string; readonly support: string }>> = RELEASES

/** For new clusters, and in every suggestion of a version: the newest patch of the second newest minor. */
export const RECOMMENDED: string = RELEASES['3.6'].patch

/**
 * By target minor: the patch that every member must have first, the recommended one, and what happens otherwise. A
 * minor without an entry accepts any patch of the one before. Sources: the upgrade guides
 * (https://etcd.io/docs/v3.7/upgrades/), https://etcd.io/blog/2025/zombie_members_upgrade/ and etcd's July 2026
 * releases.
 */
export const LEAST_BEFORE_STEP: Readonly<
  Record<string, Readonly<Record<'least' | 'better' | 'why', string>>>
> = {
  '3.6': {
    least: '3.5.26',
    better: '3.5.32',
    why: 'members that were removed long ago can come back from the v2 store, or voting members turn into learners',
  },
  '3.7': {
    least: '3.6.11',
    better: '3.6.11',
    why: 'earlier patches of 3.6 may not get along with members that run 3.7',
  },
}

/** Requests for the v2 store in a member's log: all of them, or only those of v2 API clients. */
export type V2Requests = 'any' | 'clients'

/**
 * By target minor: the requests that prevent a member from starting while they are in its log after the newest
 * snapshot, in words, and the number of writes after which the previous minor takes a snapshot (etcd's
 * `snapshot-count`).
 *
 * Determined with 3.5.35, 3.6.16 and 3.7.3. 3.6 converts what members of 3.5 themselves write (their attributes and the
 * cluster version). On everything else it panics with "detected disallowed v2 WAL", also on reads with `quorum=true`
 * and on writes that failed (server/etcdserver/apply_v2.go). 3.7 ends on any with "unmarshal should never fail"
 * (server/etcdserver/apply).
 */
export const V2_LOG_PANICS: Readonly<
  Record<string, { readonly requests: V2Requests; readonly what: string; readonly snapshotCount: number }>
> = {
  '3.6': { requests: 'clients', what: 'requests to the v2 API', snapshotCount: 100_000 },
  '3.7': { requests: 'any', what: 'requests that a member of 3.5 made', snapshotCount: 10_000 },
}

export interface DowngradeRule {
  /** The patch of the newer minor that every member must have before; undefined: any. */
  readonly from?: string
  readonly fromWhy?: string
  /** The oldest patch of this minor to downgrade to. */
  readonly least: string
  readonly why: string
}

/**
 * By target minor: the requirements of etcd's own downgrade on both sides. A downgrade to any other minor is impossible
 * once the cluster has the newer version.
 *
 * 3.6: etcd pull request 22201 for `from`. 3.5: etcd's guide was written and tested with 3.5.18.
 */
export const DOWNGRADES: Readonly<Record<string, DowngradeRule>> = {
  '3.6': {
    from: '3.7.2',
    fromWhy: 'earlier patches of 3.7 can misjudge which version can read their log',
    least: '3.6.11',
    why: 'earlier patches of 3.6 may not get along with members that run 3.7',
  },
  '3.5': { least: '3.5.18', why: "etcd's guide to this downgrade starts from this patch" },
}

/**
 * Two lines each: `id | severity | when | fixed in | pull requests, advisories`, then what can go wrong, without a
 * period.
 *
 * - severity: what etcd or its advisory calls it. `lost`, `corrupted` or `inconsistent` data, `stale` or `missed`
 *   answers, an `outage`, or the advisory's own word (`critical`, `high`, `medium`, `low`). With a `!`, quorate refuses
 *   to upgrade to it.
 * - when: which clusters are affected. `always`; `defragmentation`; `users`: only with etcd's own users
 *   (authentication) on; `learners`: only if a learner's URL is changed; `upgrade`: during an upgrade to this or the
 *   next minor; `downgrade`: during a downgrade to the previous minor; `recovery`: only for `--force-new-cluster`;
 *   `clients`: only for requests that Kubernetes and flannel do not send.
 * - fixed in: a patch for each minor that has the fault, from its .0 on. `3.4:never`: support ended before. `3.6:open`:
 *   not fixed in the newest patch. A minor that isn't named never had it, or etcd does not say so.
 */
export const HAZARDS = `
crash-under-load | inconsistent! | always | 3.5.3 | 13854 13908 13933
  a crash under load can leave a member with data that differs from the others, unnoticed
single-member-durability | lost! | always | 3.4.21 3.5.5 | 14423 14424
  a write that a single-member cluster acknowledged can be lost in a crash
crash-in-defragmentation | inconsistent! | defragmentation | 3.5.6 | 14733
  a crash during defragmentation can leave members with different revisions
users-from-snapshot | inconsistent! | users | 3.4.22 3.5.6 | 14648 14649
  a member that recovers from a snapshot can disagree with the others about users and roles
snapshot-in-defragmentation | corrupted | defragmentation | 3.4.38 3.5.23 3.6.5 | 20659 20653 20650
  potential data corruption when a member receives a snapshot during its defragmentation
partial-transaction | inconsistent | always | 3.5.17 | 18799
  a write transaction that fails half-way can be applied in part
revision-goes-back | inconsistent | always | 3.4.32 3.5.14 | 17864 17865
  a crash during a compaction can make a member's revision go backwards
range-in-transaction | inconsistent | clients | 3.4:never 3.5:open 3.6:open | 21432
  a transaction that writes and also reads an old revision can leave members with different data
stale-reads | stale | always | 3.4.42 3.5.28 3.6.9 | 21385 21423 21387 21421 21378 21417
  a member that was paused, or a change of leader, can answer linearizable reads with stale data
watch-after-compaction | missed | always | 3.4.31 3.5.13 | 17610 17612
  a watch can lose events after a compaction
watch-delete-missed | missed | always | 3.4.36 3.5.18 | 19251 19249
  a watch that starts at the revision of a compaction can miss the event of a deletion
watch-goes-back | stale | always | 3.4.25 3.5.8 | 15520 15515
  a watch can go back in time when its member downloads a snapshot from the leader
watch-of-the-future | stale | always | 3.4.38 3.5.22 3.6.2 | 20291 20290 20286
  a watch that starts at a future revision can return old events
leases-revoked-wrongly | lost | always | 3.4.31 3.5.13 | 17465 17425
  an old leader can revoke leases, and their keys, that a new leader has renewed
lease-renewed-after-revoke | stale | always | 3.4.38 3.5.23 3.6.5 | 20813 20616 20615
  a renewal can report success for a lease that is already revoked
snapshot-name-not-synced | outage | always | 3.4:never 3.5.35 3.6.15 3.7.2 | 22314 22401 22378
  after a power failure a member that had just received a snapshot may not start
torn-log | outage | always | 3.5.7 | 15069
  a torn end of the write-ahead log can keep a member from starting
learner-not-started | outage | always | 3.4.24 3.5.7 | 15097 15096
  a learner that never started can be promoted
promotion-replayed | outage | always | 3.6.4 | 20387
  a member that replays the promotion of a learner from its log does not start
member-add-refused | outage | always | 3.5.30 3.6.11 | 21669 21667
  a member can't be added while another one is down
defragmentation-panics | outage | defragmentation | 3.4.35 3.5.17 | 18843 18842
  an error during defragmentation crashes the member
tls-handshakes | high | always | 3.4:never 3.5.33 3.6.14 3.7.1 | 22141 GHSA-6vch-q96h-7gc3
  a client without a certificate can exhaust the server with TLS handshakes (denial of service, CVE-2026-73500)
learner-promoted-by-update | outage | learners | 3.5.31 3.6.12 | 21737 21736 21719
  changing a learner's peer URL promotes it in the list of members, while it still has no vote
calls-without-login | high | users | 3.4.42 3.5.28 3.6.9 | GHSA-q8m4-xhhv-38mg
  without a login, anyone can list members, set alarms, use leases and compact (CVE-2026-33413)
nested-transactions | medium | users | 3.4.42 3.5.28 3.6.9 |
  a nested transaction gets past all permissions on keys (CVE-2026-33343)
nested-puts | medium | users | 3.4.44 3.5.30 3.6.11 | 21683 21688 21682 21687 21681 21685
  a nested put can read keys, or attach leases, without permission (CVE-2026-44283)
watch-from-one-key | high | users | 3.4:never 3.5.33 3.6.14 3.7.1 | GHSA-xg4h-6gfc-h4m8
  a user who may read one key can watch all keys behind it (CVE-2026-73499)
tokens-in-log | low | users | 3.4.40 3.5.26 3.6.7 | 20943 20942
  login tokens appear in the log
lease-keys-listed | medium | users | 3.4.26 3.5.9 | 15814 15815
  the names of a lease's keys can be read without permission (CVE-2023-32082)
jwt-panic | outage | users | 3.4.25 3.5.8 | 15677 15676
  a JSON web token without a user name crashes the member
promotion-from-follower | outage | users | 3.5.28 3.6.6 | 21494 20874
  a learner can be promoted only through the leader
promotion-not-kept | outage | upgrade | 3.5.24 | 19563 20797
  a promoted learner can be a learner again after the step to 3.6
zombie-members | outage | upgrade | 3.5.26 | 20995
  members that were removed can come back after the step to 3.6
v2-data-imagined | outage | upgrade | 3.5.22 3.6.3 | 20357 20370
  etcd can refuse to start over data in the v2 store that does not exist
least-version-misread | outage | downgrade | 3.7.2 | 22201
  the version that the data needs can be read from the wrong place
forced-members | outage | recovery | 3.5.22 3.6.1 | 20339 20071
  --force-new-cluster can leave other members in the new cluster
forced-learners | outage | recovery | 3.5.25 3.6.6 | 20896
  --force-new-cluster leaves learners in the new cluster
forced-behind | outage | recovery | 3.5:open 3.6:open 3.7:open | 22686
  --force-new-cluster makes a member unusable whose database is ahead of its log
`

/** Entries that are not a hazard for a cluster that quorate manages: the reason, then pull requests. */
export const HARMLESS = `
etcdctl, etcdutl, clients or the proxy | 18936 18937 19562 19602 20121 20948 21242 21243 21354 21356 21380 21402 21403
etcdctl, etcdutl, clients or the proxy | 21530 21532 21533 21942 22149 22542 16803 20747 20006
logs, metrics or figures | 19771 20065 20066 20067 20496 20790 20905 21336 22706
speed | 19405 20411 20492 20589 21791
only while etcd stops or starts | 19166 19167 19258 22452 22341
only from a peer that has a certificate | 22145 22147
only a call for tests | 22637
not more than a quota that is passed a little later | 22139
limits a slow client, which had a certificate | 22143
a revocation list, which the cluster file has no place for (CVE-2026-59818) | 22021 22024 22025 GHSA-3wh4-j44w-pg92
users: more is allowed, or logs are better | 20802 21666 21811 21820 21929 21932 21935 21993
added, removed or changed on purpose: see flags.ts | 19760 19959 20017 20109 20117 20187 20365 19768 20420 21038 21030
added, removed or changed on purpose: see flags.ts | 21107 21138 21160 21162 21263 21840 18356 20162 20493 20708 14533
`
