/** The rules for single values of the cluster file's `backup`. */
import { hasBech32Checksum } from './bech32.ts'
import type { Complaint } from './problem.ts'
import { RECIPIENT_PLACEHOLDER, isSampleRecipient } from './sample-keys.ts'

/** A bucket's name, by the rules that all S3 services share. */
export function checkBucket(text: string): Complaint | undefined {
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text) && !text.includes('..')) return undefined
  return {
    message: `"${text}" is not a bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens`,
    hint: text.includes('/') ? 'write what follows the slash under prefix' : 'write one like etcd-backups',
  }
}

/** `prod` or `clusters/prod`: only characters that never need escaping. */
export function checkObjectPrefix(text: string): Complaint | undefined {
  const parts = text.replaceAll(/^\/|\/$/g, '').split('/')
  if (parts.every((part) => /^[A-Za-z0-9._-]+$/.test(part) && !/^\.+$/.test(part))) return undefined
  return {
    message: `"${text}" is not a prefix: letters, digits, dots, underscores and hyphens, parted by slashes`,
    hint: 'write one like clusters/prod',
  }
}

export function checkRegion(text: string): Complaint | undefined {
  if (/^[A-Za-z0-9-]+$/.test(text)) return undefined
  return { message: `"${text}" is not a region`, hint: 'write one like eu-central-1' }
}

/** Characters of systemd.time(7)'s calendar events; systemd on the node checks the rest. */
export function checkCalendar(text: string): Complaint | undefined {
  if (/^[A-Za-z0-9*:,./~+ -]+$/.test(text)) return undefined
  return {
    message: `"${text}" is not a calendar event of systemd`,
    hint: 'write one like hourly, daily or *-*-* 03:00:00',
  }
}

/** An age public key: X25519, or hybrid with a post-quantum part. */
export function checkRecipient(text: string): Complaint | undefined {
  if (/^AGE-SECRET-KEY-/i.test(text)) {
    return {
      message: 'this is a secret key of age: anyone who reads this file could open every backup',
      hint: 'make a new pair, and write the public key, which begins with age1',
    }
  }
  if (isSampleRecipient(text)) {
    return {
      message: `"${text}" is a sample key from public documentation: you could not open your backups`,
      hint: HOW_TO_MAKE_ONE,
    }
  }
  if (text === RECIPIENT_PLACEHOLDER) {
    return { message: `"${text}" is a placeholder, not a public key of age`, hint: HOW_TO_MAKE_ONE }
  }
  if (/^age1(pq1)?[02-9ac-hj-np-z]{50,}$/.test(text)) {
    if (hasBech32Checksum(text)) return undefined
    return {
      message: `"${text}" is not a public key of age: its checksum is wrong, so a character is wrong or missing`,
      hint: 'copy the whole line that age-keygen prints: `age-keygen -y backup.key`',
    }
  }
  return {
    message: `"${text}" is not a public key of age`,
    hint: 'write the one that age-keygen prints, which begins with age1',
  }
}

const HOW_TO_MAKE_ONE =
  'make a pair with `age-keygen -o backup.key`, write the public key that it prints, and keep backup.key off the nodes'
