/**
 * A node that lies, one that never stops sending, and one that hangs: none can act on the operator, and none delays
 * others.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ProcessResult } from '../../src/ssh/process.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { applied } from './support/fresh.ts'
import { quorateOk } from './support/quorate.ts'
import { startQuorate } from './support/run.ts'

const [FAILED, CHANGES, UNREACHABLE, CANCELLED] = [1, 2, 69, 130]

/** Deadlines divided by ten: an inspection has 6 s. */
const HASTY = { QUORATE_TEST_PATIENCE: '0.1' }

/** Far more than quorate needs, and far less than a node sends in this test. */
const MOST_KIB = 400 * 1024

const REPORT_MEMORY = `--import=data:text/javascript,${encodeURIComponent(
  "process.on('exit',()=>console.error('peak '+process.resourceUsage().maxRSS))",
)}`

/** Clears the screen, sets the title, and reverses the order of letters; the last two in C1 and bidi. */
const ESCAPES = String.raw`\033[2J\033]0;owned\007\302\2331A\342\200\256`

const MARK = '/var/lib/quorate/underway'

describe.skipIf(whyNoLab())('a hostile machine', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3 })
    await applied(lab)
    await on(`mkdir /root/kept && cp -a /etc/os-release /root/.bashrc /etc/etcd/options.env /root/kept/`)
  })
  afterAll(async () => await lab.down())
  beforeEach(async () => {
    await on(`pkill -KILL -f '^sleep ' || true
      rm -f /usr/local/bin/systemctl /usr/local/bin/ip ${MARK}
      cp -a --remove-destination /root/kept/os-release /etc/os-release
      cp -a /root/kept/.bashrc /root/ && cp -a /root/kept/options.env /etc/etcd/`)
  })

  const on = async (script: string) => await lab.machine('etcd02').check(['sh', '-euc', script])
  /** Replaces a program on the node. */
  const instead = async (program: string, script: string) => {
    await lab.machine('etcd02').writeFile(`/usr/local/bin/${program}`, `#!/bin/sh\n${script}\n`)
    await on(`chmod 755 /usr/local/bin/${program}`)
  }
  const forge = async (verb: string, command: string) =>
    await on(`printf 'verb=%s\\ncommand=%s\\n' '${verb}' "$(printf '${command}')" >${MARK}`)
  const run = async (args: readonly string[], env: Record<string, string> = {}): Promise<ProcessResult> =>
    await startQuorate(lab, args, { env }).ended

  test('that lies draws on no terminal, whatever it says', async () => {
    await on(`printf 'ID="${ESCAPES}evil"\\nVERSION_ID="${ESCAPES}"\\n' >/etc/os-release
      { printf 'printf "${ESCAPES}"; printf "${ESCAPES}" >&2\\n'; cat /root/kept/.bashrc; } >/root/.bashrc`)
    await instead(
      'systemctl',
      `printf 'LoadState=loaded\\nActiveState=${ESCAPES}\\nFragmentPath=/${ESCAPES}\\n'; printf '${ESCAPES}' >&2; exit 3`,
    )
    const verbs = [
      ['plan'],
      ['status'],
      ['preflight', '-v'],
      ['restart', 'etcd02', '--yes'],
      ['certs', 'list'],
    ]
    for (const args of [...verbs, ['plan', '--json'], ['preflight', '--json'], ['recover']]) {
      const { stdout, stderr } = await run(args)
      expect([args, harmful(stdout + stderr)]).toEqual([args, []])
    }
  })

  test('that marks itself with a command never has it suggested', async () => {
    await forge('recover', `quorate recover --from-survivor etcd01; rm -rf /${ESCAPES}`)
    for (const args of [['plan'], ['restart', 'etcd01', '--yes']]) {
      const refused = await run(args)
      const said = refused.stdout + refused.stderr
      expect([args, harmful(said)]).toEqual([args, []])
      expect(refused).toFail('blocked/another-operation-is-not-complete', {
        host: 'etcd02',
        says: /etcd02: .*recover/,
        fix: /: quorate recover$/m,
      })
      expect(said).not.toMatch(/rm -rf/)
    }
    await forge(`rm -rf /`, `reboot${ESCAPES}`)
    const refused = await run(['plan'])
    expect(harmful(refused.stdout)).toEqual([])
    expect(refused).toFail('blocked/unknown-operation', { host: 'etcd02' })
    expect(refused.stdout).not.toMatch(/rm -rf|reboot/)
  })

  test('whose files are mountains fills no memory, and gets them put right', async () => {
    for (const size of ['250M', '250M | fold -w 60']) {
      await on(`head -c ${size.replace(/^\S+/, '$& /dev/zero')} | tr '\\0' x >/etc/etcd/options.env`)
      const { exitCode, stdout, stderr } = await run(['plan'], { NODE_OPTIONS: REPORT_MEMORY })
      expect([exitCode, stdout]).toEqual([CHANGES, expect.stringContaining('/etc/etcd/options.env')])
      expect(stdout.length).toBeLessThan(100_000)
      expect(peakOf(stderr)).toBeLessThan(MOST_KIB)
    }
    await quorateOk(lab, ['apply', '--yes'])
    expect(await on('cat /etc/etcd/options.env')).toBe(await on('cat /root/kept/options.env'))
  })

  test('that never stops talking is named, and not listened to', async () => {
    await instead('ip', "exec yes 1 2 3 'x y'")
    const { exitCode, stderr } = await run(['plan'], { NODE_OPTIONS: REPORT_MEMORY })
    expect([exitCode, stderr]).toEqual([FAILED, expect.stringMatching(/etcd02: more than 8 MiB in answer/)])
    expect(peakOf(stderr)).toBeLessThan(MOST_KIB)
    await expect.poll(async () => await running('yes'), { timeout: 60_000 }).toBe(false)
  })

  test.each([
    { what: 'a program there', script: 'exec sleep 54321' },
    { what: 'one that overlooks that it is hung up', script: "trap '' HUP TERM; exec sleep 54321" },
  ])('that hangs ($what) is named, and nothing is left of it', async ({ script }) => {
    await instead('systemctl', script)
    const verbs: readonly (readonly [readonly string[], number])[] = [
      [['plan'], UNREACHABLE],
      [['apply', '--yes'], UNREACHABLE],
      // It shows the certificates of the others.
      [['certs', 'list'], FAILED],
    ]
    for (const [args, code] of verbs) {
      const { exitCode, stdout, stderr } = await run(args, HASTY)
      expect([args, exitCode, stdout + stderr]).toEqual([
        args,
        code,
        expect.stringMatching(/etcd02: .* 6\.0 s to: inspection/),
      ])
    }
    await expect.poll(async () => await running('sleep'), { timeout: 60_000 }).toBe(false)
    expect((await lab.machine('etcd02').exec(['test', '-e', '/run/quorate/lock'])).exitCode).toBe(1)
  })

  test('that hangs during a step is named with the step', async () => {
    await instead(
      'systemctl',
      'case $1 in restart) exec sleep 54321 ;; *) exec /usr/bin/systemctl "$@" ;; esac',
    )
    expect(await run(['restart', 'etcd02', '--yes'], HASTY)).toFail('unreachable/no-answer-in-time', {
      host: 'etcd02',
      says: / 36 s .* restart etcd\.service/,
    })
    await expect.poll(async () => await running('sleep'), { timeout: 60_000 }).toBe(false)
  })

  test('whose login hangs is named', async () => {
    await on('echo sleep 12345 >/root/.bashrc')
    expect(await run(['plan'], HASTY)).toFail('unreachable/no-answer-in-time', {
      host: 'etcd02',
      says: / 4\.0 s .* log in/,
    })
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('that hangs does not keep %s waiting', async (signal) => {
    await instead('systemctl', 'exec sleep 54321')
    const { child, ended } = startQuorate(lab, ['apply', '--yes'])
    await expect.poll(async () => await running('sleep'), { timeout: 60_000 }).toBe(true)
    child.kill(signal)
    expect(await ended).toMatchObject({ exitCode: CANCELLED })
    await expect.poll(async () => await running('sleep'), { timeout: 60_000 }).toBe(false)
  })

  /** Whether a program that only this test uses runs on the machine. */
  async function running(name: 'sleep' | 'yes'): Promise<boolean> {
    const pattern = name === 'sleep' ? '^sleep 54321' : '^yes 1 2 3'
    return (await lab.machine('etcd02').exec(['pgrep', '-f', pattern])).exitCode === 0
  }
})

/** Characters that a terminal would execute, or that are invisible. */
function harmful(text: string): readonly string[] {
  return text.match(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu) ?? []
}

function peakOf(stderr: string): number {
  return Number(/^peak (\d+)$/m.exec(stderr)?.[1])
}
