/** What to do about work on a machine that failed, told from what was said there. */

interface Case {
  readonly said: RegExp
  readonly hint: (host: string) => string
}

/** The order matters: a full disk is the cause of much else. */
const CASES: readonly Case[] = [
  {
    said: /No space left on device|Disk quota exceeded/i,
    hint: () =>
      'a disk there is full: make room (df -h; if that shows room, it has no inodes left: df -i), then run the same command again; what was done stays done',
  },
  {
    said: /Read-only file system/i,
    hint: () =>
      'a filesystem there is mounted read-only: see which (findmnt -O ro), and why (dmesg, /etc/fstab). Mount it writable, then run the same command again; what was done stays done',
  },
  {
    // useradd, usermod and userdel: another process changes accounts, or has left its lock, or /etc can't be written to.
    said: /cannot lock \/etc\/(?:passwd|group|shadow|gshadow)/,
    hint: () =>
      'accounts there are locked: see whether /etc can be written to (findmnt -T /etc), and who left a lock (ls -l /etc/*.lock). Remove a lock that no process holds, then run the same command again; what was done stays done',
  },
  {
    // What etcd says of a log that ends too early (raft's commitTo), or that reads otherwise than it was written.
    said: /Was the raft log corrupted, truncated, or lost|crc mismatch|failed to read WAL, cannot be repaired/,
    hint: (host) =>
      `its write-ahead log is damaged, and it can't be trusted with a vote any more. Look after its disk. If no quorum of the other members answers (quorate status): quorate recover; if one does, recreate the member from it: quorate repair ${host}`,
  },
  {
    // The unit's own guard: see AssertDirectoryNotEmpty in etcd.service.
    said: /asserts? failed|Assertion failed/i,
    hint: (host) =>
      `systemd starts no member whose write-ahead log is gone: started empty it would forget its votes. If the log was moved, move it back and run the same command again. If it is lost and no quorum of the other members answers (quorate status): quorate recover; if one does, recreate the member from it: quorate repair ${host}`,
  },
  {
    // The fence, and the session that holds the lock.
    said: /the lock on this machine is not ours/,
    hint: () =>
      'see who holds it now: quorate unlock --preview. When it is free, run the same command again: what was done stays done',
  },
  {
    said: /did not become ready/,
    hint: () =>
      'correct what it names (in the cluster file, if it comes from there), and run the same command again: it goes on with this member',
  },
]

/** @param host the node's name; `stderr` what the work there left behind. @returns undefined: the words say enough */
export function hintFor(host: string, stderr: string): string | undefined {
  return CASES.find(({ said }) => said.test(stderr))?.hint(host)
}
