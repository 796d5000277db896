/** The report about a unit that does not become ready, from the program that runs on its node. */
import { expect, test } from 'vitest'
import { NOT_READY } from '../etcd/named-settings.ts'
import { runProcess } from '../ssh/process.ts'
import unit from './agent/unit.sh?raw'

/** Replaces systemd and its journal: $1 is the output of the unit's start, $2 its last output ever. */
const SYSTEMD = `
systemctl() {
  case $* in
    is-active*) echo activating ;;
    *NRestarts*) echo 0 ;;
    *InvocationID*) echo 0a ;;
    *StandardOutput*) printf 'LoadState=loaded\\nStandardOutput=null\\n' ;;
  esac
}
journalctl() {
  case $* in
    *_SYSTEMD_INVOCATION_ID=0a) printf '%s' "$start" ;;
    *--output-fields*) ;;
    *_SYSTEMD_UNIT=*) printf '%s' "$last" ;;
  esac
}
start=$1
last=$2
`

const PROXY = `{"level":"warn","ts":"2026-11-29T10:00:00Z","caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status","error":"proxyconnect tcp: dial tcp 198.18.40.250:3128: connect: connection refused"}`
const INFO = '{"level":"info","ts":"2026-11-29T10:00:00Z","caller":"etcdmain/etcd.go:73","msg":"waits"}'

test.each([
  ['warnings alone: these, for the cause may stand there', PROXY, '', /proxyconnect tcp: dial tcp 198\.18/],
  ['nothing that looks like a reason: its last lines', INFO, INFO, /"msg":"waits"/],
  ['nothing at all: what systemd thinks of it', '', '', /nothing \(systemd: .*StandardOutput=null/],
])('of a unit that says %s', async (_what, start, last, said) => {
  const script = `set -eu\n${unit}${SYSTEMD}\nnot_ready etcd.service ''`
  const { exitCode, stderr } = await runProcess('sh', ['-c', script, 'sh', start, last])
  expect(exitCode).toBe(1)
  const [reason, first] = stderr.split('\n')
  expect(reason).toMatch(new RegExp(`^etcd\\.service ${NOT_READY}, .* activating; .*:$`))
  expect(first).toMatch(said)
})
