/** Faults of a member or its machine: each can be struck and healed, and is the same for every operation. */
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Machine } from '../../../src/lab/machine.ts'
import type { NetworkCut } from '../../../src/lab/network-cut.ts'
import type { TestLab } from '../harness.ts'
import { forge } from './authority.ts'
import { stateFolder } from './fresh.ts'

export interface Fault {
  /** Whether an affected member serves no client until it is healed. */
  readonly lasts: boolean
  strike(machine: Machine, lab: TestLab): Promise<void>
  /** Safe to repeat, and without a fault. */
  heal(machine: Machine, lab: TestLab): Promise<void>
}

const nothing = async () => undefined
const shell = (script: string) => async (machine: Machine) =>
  void (await machine.check(['sh', '-euc', script]))

/** systemd starts it again. */
export const KILLED: Fault = {
  lasts: false,
  strike: shell('systemctl kill --signal=KILL etcd'),
  heal: nothing,
}

/** As if the machine had hung; a stop by systemd wakes it. */
export const FROZEN: Fault = {
  lasts: true,
  strike: shell('systemctl kill --signal=STOP etcd'),
  heal: shell('systemctl kill --signal=CONT etcd 2>/dev/null || true'),
}

const SLOW = '/run/systemd/system/etcd.service.d/slow.conf'
const HOLD = '/run/hold-etcd'

/** Stopping until it is healed, then started again: a slow restart by someone else. */
export const GOING_DOWN: Fault = {
  lasts: false,
  strike: shell(`
    mkdir -p "$(dirname ${SLOW})"
    printf '[Service]\\nExecStop=sh -c "while [ -e ${HOLD} ]; do sleep 0.1; done"\\n' >${SLOW}
    systemctl daemon-reload
    touch ${HOLD}
    systemctl --no-block restart etcd`),
  heal: shell(`
    rm -f ${HOLD} ${SLOW}
    systemctl daemon-reload`),
}

export function cutOff(cut: NetworkCut): Fault {
  return {
    lasts: true,
    strike: async (machine) => await machine.cutNetwork(cut),
    heal: async (machine) => await machine.restoreNetwork(),
  }
}

/** Only the operator notices: all machines refuse their connections. */
export const OPERATOR_CUT_OFF: Fault = {
  lasts: false,
  strike: async (_machine, lab) => {
    for (const machine of lab.machines) await machine.cutNetwork({ ports: [22] })
  },
  heal: async (_machine, lab) => {
    for (const machine of lab.machines) await machine.restoreNetwork()
  },
}

/** A power failure in the middle of a write: of a record of 600 bytes, only its length reached the disk. */
export const TORN_LOG: Fault = {
  lasts: false,
  strike: async (machine) => {
    // Also stopped, or systemd would start it while its log is read.
    await machine.check(['sh', '-euc', 'systemctl kill --signal=KILL etcd; systemctl stop etcd'])
    const { log, end } = await endOfLog(machine)
    const length = `printf '\\130\\002\\0\\0\\0\\0\\0\\0'`
    await machine.check([
      'sh',
      '-euc',
      `${length} | dd of="$1" bs=1 seek="$2" conv=notrunc status=none`,
      'tear',
      log,
      `${end}`,
    ])
    await machine.check(['systemctl', 'start', '--no-block', 'etcd'])
  },
  heal: nothing,
}

/** The disk loses what it had confirmed: the last entries, which others rely on. */
export const CUT_LOG: Fault = {
  lasts: true,
  strike: async (machine) => {
    await machine.check(['systemctl', 'stop', 'etcd'])
    const { log, end } = await endOfLog(machine)
    await machine.check(['truncate', '--size', `${end - 4096}`, log])
  },
  heal: nothing,
}

/**
 * The position after the last record of the newest file, where the zeros start. Each record has its length and padding
 * before it.
 */
async function endOfLog(machine: Machine): Promise<{ readonly log: string; readonly end: number }> {
  const script = 'log=$(ls /opt/etcd/wal/*.wal | tail -n 1); echo "$log"; gzip -1 <"$log" | base64 -w 0'
  const [log = '', packed = ''] = (await machine.check(['sh', '-euc', script])).split('\n')
  const bytes = gunzipSync(Buffer.from(packed, 'base64'))
  let end = 0
  for (;;) {
    const length = end + 8 <= bytes.length ? bytes.readUIntLE(end, 6) : 0
    if (length === 0) return { log, end }
    const padding = (bytes[end + 7] ?? 0) & 7
    end += 8 + length + padding
  }
}

export const LOST_DATA: Fault = {
  lasts: true,
  strike: shell(`
    systemctl stop etcd
    for folder in data wal; do mv /opt/etcd/$folder /opt/etcd/$folder.away; done`),
  heal: shell(`
    for folder in data wal; do
      [ ! -d /opt/etcd/$folder.away ] || { rm -rf /opt/etcd/$folder; mv -T /opt/etcd/$folder.away /opt/etcd/$folder; }
    done`),
}

/** The filesystem with the member's settings, like a full root filesystem. The member keeps running. */
export const FULL_DISK: Fault = {
  lasts: false,
  strike: async (machine) => await machine.fillDisk('/etc/etcd'),
  heal: async (machine) => await machine.freeDisk('/etc/etcd'),
}

/** The certificate of `donor`, which belongs to another key. */
export function certificateOf(donor: string): Fault {
  return {
    lasts: false,
    strike: async (machine, lab) => {
      const certificate = await lab.machine(donor).readFile('/etc/ssl/etcd/etcd.crt')
      await putCertificate(machine, certificate)
    },
    heal: nothing,
  }
}

export const EXPIRED: Fault = {
  lasts: false,
  strike: async (machine, lab) => {
    const folder = path.join(lab.folder, `expired-${machine.name}`)
    await mkdir(folder, { recursive: true })
    const ca = path.join(stateFolder(lab), 'ca')
    const files = { certificate: path.join(ca, 'ca.crt'), key: path.join(ca, 'ca.key') }
    const { name, address } = machine
    const request = ['openssl', 'req', '-new', '-key', '/etc/ssl/etcd/etcd.key', '-subj', `/CN=${name}`]
    const pem = await forge(folder, files, {
      csr: await machine.check(request),
      names: `DNS:${name},DNS:localhost,IP:${address},IP:127.0.0.1,IP:::1`,
      notBefore: '20250101000000Z',
      notAfter: '20250601000000Z',
    })
    await putCertificate(machine, pem + (await readFile(files.certificate, 'utf8')))
  },
  heal: nothing,
}

/** While the member runs: it reads the certificate at each handshake. */
async function putCertificate(machine: Machine, pem: string): Promise<void> {
  await machine.check(['sh', '-c', 'cat >/etc/ssl/etcd/etcd.crt'], { stdin: pem })
}
