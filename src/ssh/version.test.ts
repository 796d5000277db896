import { expect, test } from 'vitest'
import { isFrom } from './version.ts'

test.for([
  ['OpenSSH_8.4p1 Debian-5+deb11u3, OpenSSL 1.1.1w  11 Sep 2023', false],
  ['OpenSSH_8.7p1, OpenSSL 3.0.7 1 Nov 2022', true],
  ['OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL 3.0.19 27 Jan 2026', true],
  ['OpenSSH_10.0p2 Debian-7, OpenSSL 3.5.1 1 Jul 2025', true],
  ['Sun_SSH_2.4, SSH protocols 1.5/2.0', false],
  ['', false],
] as const)('whether %s knows options that came with 8.7', ([words, known]) => {
  expect(isFrom(words, 8, 7)).toBe(known)
})
