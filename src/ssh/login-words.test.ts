import { expect, test } from 'vitest'
import { isKnownRefusal, loginFailure, turnedAway } from './login-words.ts'

const TARGET = {
  host: '198.18.8.11',
  user: 'root',
  port: 2222,
  identityFile: '/home/me/my key',
  jump: 'admin@bastion',
}

const failed = (said: string) => loginFailure('etcd01', TARGET, { said, exitCode: 1 })

test.for([
  // cloud-init, Amazon Linux, Oracle Linux, a site's own text.
  ['Please login as the user "ubuntu" rather than the user "root".', 'user: ubuntu'],
  ['Please login as the user "ec2-user" rather than the user "root".', 'user: ec2-user'],
  ["You can't log in as root; log in as 'ops' and use sudo", 'user: ops'],
  ['Please log in as your own user.', / output .*`user` under `ssh`/],
  // sshd and pam_unix.
  ['WARNING: Your password has expired.\nPassword change required but no TTY available.', 'chage'],
  ['You are required to change your password immediately (administrator enforced).', 'chage'],
  ['Your account has expired; please contact your system administrator.', 'chage'],
  // nologin(8), pam_nologin.
  ['This account is currently not available.', 'usermod -s'],
  ['System is booting up. Unprivileged users are not permitted to log in yet.', '/run/nologin'],
  ['The system is going down for reboot at Mon 2026-11-30 03:00:00 UTC!', '/run/nologin'],
] as const)('%s', ([said, advised]) => {
  expect(failed(said).hint).toMatch(advised)
  expect(isKnownRefusal(said)).toBe(true)
})

test('what means nothing to quorate is quoted all the same, and the hint tries the very login that failed', () => {
  const { message, hint, code } = failed('Menu:\r\n\t1) status\n\n  2) quit\n')
  expect(code).toBe('permission')
  expect(message).toMatch(/:\n {2}Menu:\n {2}1\) status\n {2}2\) quit$/)
  expect(hint).toContain(`ssh -J admin@bastion -p 2222 -i '/home/me/my key' root@198.18.8.11 true`)
})

test('what a machine says is bounded, and can forge no line of quorate', () => {
  const long = Array.from({ length: 500 }, (_, at) => `error: ${at} ${'x'.repeat(5000)}\u001B[31m`)
  for (const { message } of [failed(long.join('\n')), turnedAway('etcd01', TARGET, long.join('\r'))]) {
    expect(message.length).toBeLessThan(2500)
    expect(message).not.toContain('\u001B')
    expect(message).not.toMatch(/^error: /m)
  }
})

test('a login that printed nothing says so', () => {
  expect(loginFailure('etcd01', TARGET, { said: ' \n', exitCode: 0 }).message).toContain('printed nothing')
})
