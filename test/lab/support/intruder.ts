/** An attacker who controls etcd: commands with its user's permissions, in its unit's mount namespace or outside. */
import type { Machine } from '../../../src/lab/machine.ts'
import type { ProcessResult } from '../../../src/ssh/process.ts'

/** During an attack only etcd's own files may change; the rest of the machine must not. */
const ELSEWHERE = ['/root', '/usr/local', '/etc/passwd', '/etc/shadow', '/etc/cron.d', '/etc/sudoers.d']

const AS_ETCD = ['setpriv', '--reuid=etcd', '--regid=etcd', '--clear-groups', '--no-new-privs', '--']

/** Runs it to its end; its exit code is a result. In the unit's namespace, most of the machine is also read-only. */
export async function intrude(
  machine: Machine,
  script: string,
  where: 'anywhere' | 'in its unit' = 'anywhere',
): Promise<ProcessResult> {
  const unit = ['nsenter', '--target', `${await machine.mainPid('etcd')}`, '--mount', '--']
  return await machine.exec([...(where === 'in its unit' ? unit : []), ...AS_ETCD, 'sh', '-c', script])
}

/** Repeats it as fast as possible, until it is disposed of. */
export async function intrudeForever(machine: Machine, script: string): Promise<AsyncDisposable> {
  const loop = `while :; do ${script}\ndone`
  const unit = ['systemd-run', '--quiet', '--collect', '--unit=intruder', '--']
  await machine.check([...unit, ...AS_ETCD, 'sh', '-c', loop])
  return {
    [Symbol.asyncDispose]: async () => void (await machine.check(['systemctl', 'stop', 'intruder'])),
  }
}

/** Owners, modes, sizes and times of what is not etcd's, to compare before and after. */
export async function elsewhere(machine: Machine): Promise<string> {
  return await machine.check(['find', ...ELSEWHERE, '-printf', '%p %y %m %u:%g %s %T@ %l\\n'])
}

/** The owners of earlier versions of quorate: etcd owns the parent directory of data and log, and the TLS files. */
export async function ownersOfBefore(machine: Machine): Promise<void> {
  const script = `
    chown etcd:etcd /opt/etcd && chmod 750 /opt/etcd
    chown -R etcd:etcd /etc/ssl/etcd/ && chmod 600 /etc/ssl/etcd/*.key && chown root:root /etc/ssl/etcd/ca.env`
  await machine.check(['sh', '-ec', script])
}
