/** Derives the fix for a failed operation on a node from its exit code and its error output. */
import type { IdOf } from '../error-ids.ts'
import type { ErrorDetails } from '../errors.ts'
import { NOT_READY } from '../etcd/named-settings.ts'

/** The exit code of the fence (agent/begin.sh) and of the session that holds the lock (engine/lock.sh) after the lock was lost. */
const LOCK_LOST = 75

/** What a node says of a service whose new configuration didn't load (agent/services.sh). */
export const PUT_BACK = /^the previous content of \S.* was put back/m

interface Case {
  readonly said: RegExp
  readonly hint: (host: string) => string
}

/** The order matters: a full disk is the cause of much else. */
const CASES: readonly Case[] = [
  {
    said: /No space left on device|Disk quota exceeded/i,
    hint: () =>
      "free space on the node's full disk (df -h; if that shows free space, it has no inodes left: df -i), then rerun the same command; completed steps stay done",
  },
  {
    said: /Read-only file system/i,
    hint: () =>
      'find the filesystem that is mounted read-only on the node (findmnt -O ro) and the cause (dmesg, /etc/fstab), mount it writable, then rerun the same command; completed steps stay done',
  },
  {
    // useradd, usermod and userdel: another process changes accounts or has left its lock, or /etc is not writable.
    said: /cannot lock \/etc\/(?:passwd|group|shadow|gshadow)/,
    hint: () =>
      'unlock the accounts on the node: check that /etc is writable (findmnt -T /etc) and find the lock (ls -l /etc/*.lock). Remove a lock that no process holds, then rerun the same command; completed steps stay done',
  },
  {
    // What etcd logs about a WAL that ends too early (raft's commitTo), or whose checksums don't match.
    said: /Was the raft log corrupted, truncated, or lost|crc mismatch|failed to read WAL, cannot be repaired/,
    hint: (host) =>
      `check the disk: the write-ahead log (WAL) is damaged, so this member must not vote again. If the other members have no quorum (quorate status): quorate recover. If they have quorum: quorate repair ${host}`,
  },
  {
    // The unit's own guard: see AssertDirectoryNotEmpty in etcd.service.
    said: /asserts? failed|Assertion failed/i,
    hint: (host) =>
      `if the write-ahead log (WAL) was moved, move it back and rerun the same command. If it is lost and the other members have no quorum (quorate status): quorate recover. If they have quorum: quorate repair ${host}. The unit doesn't start without a WAL, because the member would forget its votes`,
  },
  {
    said: PUT_BACK,
    hint: () =>
      'fix what the journal names, on the node (a port that another program uses: ss -tlnp) or in the cluster file, then rerun the same command',
  },
  {
    said: new RegExp(NOT_READY),
    hint: () =>
      'fix the setting that etcd names (in the cluster file, if that sets it), then rerun the same command: it continues with this member',
  },
]

/** Failures of the agent that tests and scripts have to recognize, by its own words (agent/*.sh, tiers/*.sh). */
export const IDS: readonly { readonly says: string; readonly id: IdOf<'command'> }[] = [
  { says: 'another process of the user etcd is changing', id: 'another-process-changes-the-data' },
  { says: "can't create data from", id: 'data-was-not-created' },
  { says: 'is neither a file nor a directory', id: 'not-a-file-or-directory' },
  { says: 'was not created by quorate and is not overwritten', id: 'program-of-another-tool' },
  { says: 'its CRI plugin is not loaded', id: 'cri-plugin-is-not-loaded' },
]

interface Failed {
  readonly exitCode: number
  readonly stderr: string
}

/** @param host the node's name. @returns the fix, unless the message needs none, and the ID of an error that has one */
export function detailsFor(host: string, { exitCode, stderr }: Failed): Pick<ErrorDetails, 'hint' | 'id'> {
  if (exitCode === LOCK_LOST)
    return {
      id: 'lost-the-lock',
      hint: 'find the lock holder: quorate unlock --preview. When the lock is free, rerun the same command; completed steps stay done',
    }
  return {
    id: IDS.find(({ says }) => stderr.includes(says))?.id,
    hint: CASES.find(({ said }) => said.test(stderr))?.hint(host),
  }
}
