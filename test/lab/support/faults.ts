/** What befalls a member or its machine: each can be struck and healed, and is the same for every operation. */
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Machine } from '../../../src/lab/machine.ts'
import type { NetworkCut } from '../../../src/lab/network-cut.ts'
import type { TestLab } from '../harness.ts'
import { forge } from './authority.ts'
import { stateFolder } from './fresh.ts'

export interface Fault {
  /** Whether a member that is struck serves nobody until it is healed. */
  readonly lasts: boolean
  strike(machine: Machine, lab: TestLab): Promise<void>
  /** Safe to do twice, and where nothing was struck. */
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

/** On its way down for as long as it is not healed, then up again: a restart that somebody else began, and that takes its time. */
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

/** Nobody but the operator notices: all machines refuse him. */
export const OPERATOR_CUT_OFF: Fault = {
  lasts: false,
  strike: async (_machine, lab) => {
    for (const machine of lab.machines) await machine.cutNetwork({ ports: [22] })
  },
  heal: async (_machine, lab) => {
    for (const machine of lab.machines) await machine.restoreNetwork()
  },
}

/** A power cut in the middle of a write: a record of 600 bytes is begun, and nothing of it came to the disk but its length. */
export const TORN_LOG: Fault = {
  lasts: false,
  strike: async (machine) => {
    // Stopped as well, or systemd would start it while its log is read.
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

/** The disk loses what it had said it had: the last entries, which others count on. */
export const CUT_LOG: Fault = {
  lasts: true,
  strike: async (machine) => {
    await machine.check(['systemctl', 'stop', 'etcd'])
    const { log, end } = await endOfLog(machine)
    await machine.check(['truncate', '--size', `${end - 4096}`, log])
  },
  heal: nothing,
}

/** Behind the last record of the newest file; zeros are from there on. Each record has its length and padding before it. */
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

/** The one that the member's settings are on, as a full root file system would be. The member goes on. */
export const FULL_DISK: Fault = {
  lasts: false,
  strike: async (machine) => await machine.fillDisk('/etc/etcd'),
  heal: async (machine) => await machine.freeDisk('/etc/etcd'),
}

/** The certificate of `donor`, which another key belongs to. */
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

/** Beneath a member that runs: it is read anew for each handshake. */
async function putCertificate(machine: Machine, pem: string): Promise<void> {
  await machine.check(['sh', '-c', 'cat >/etc/ssl/etcd/etcd.crt'], { stdin: pem })
}
