/** kubectl on a control-plane node: which node is chosen, what kubectl receives, and when another node is tried. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { QuorateError } from '../../errors.ts'
import { sampleKubernetesCluster } from '../../spec/sample-kubernetes.ts'
import type { Remote, RemoteCommand } from '../../ssh/remote.ts'
import { kubectl } from './kubectl.ts'
import program from './kubectl.sh?raw'

const cluster = sampleKubernetesCluster()

/** Control-plane nodes whose kubectl returns these exit codes and this output; an error: the node is unreachable. */
function fleetOf(ends: Readonly<Record<string, { readonly code: number; readonly text?: string } | Error>>) {
  const commands: (RemoteCommand & { readonly host: string })[] = []
  const attached: (Pick<RemoteCommand, 'argv' | 'root'> & { readonly host: string })[] = []
  const get = async (host: string): Promise<Remote> => {
    const end = ends[host]
    if (end === undefined || end instanceof Error) throw end ?? new Error(`nobody asks ${host}`)
    return {
      host,
      user: 'root',
      run: async (command) => {
        commands.push({ ...command, host })
        if (end.text !== undefined) command.onStdout?.(end.text)
        return { host, stdout: end.text ?? '', stderr: '', exitCode: end.code, durationMs: 1 }
      },
      attach: async (command) => {
        attached.push({ ...command, host })
        return end.code
      },
      forward: async () => expect.fail('nothing is forwarded'),
      close: async () => undefined,
    }
  }
  return { get, commands, attached }
}

const away = new QuorateError('unreachable', 'no route', { host: 'master01' })

describe('kubectl', () => {
  test('runs as root on the first master, with its words unchanged and its exit code kept', async () => {
    const fleet = fleetOf({ master01: { code: 7, text: 'a\u00FF' } })
    const result = await kubectl({ cluster, args: ['get', 'pods', "it's $HOME"], fleet, stdin: 'x' })
    expect(result).toMatchObject({ host: 'master01', exitCode: 7 })
    expect([...result.stdout]).toEqual([0x61, 0xff])
    const [command] = fleet.commands
    expect(command?.argv.slice(3)).toEqual([
      'kubectl',
      'https://198.18.7.21:6443',
      'get',
      'pods',
      "it's $HOME",
    ])
    expect(command).toMatchObject({ root: true, stdin: 'x', patience: 'endless' })
  })

  test('a master that is away, not ready or not set up is passed over', async () => {
    for (const first of [away, { code: 93 }, { code: 94 }]) {
      const fleet = fleetOf({ master01: first, master02: { code: 0, text: 'ok' } })
      expect((await kubectl({ cluster, args: ['version'], fleet })).host).toBe('master02')
    }
  })

  test('a stream is given only to a control-plane node that is ready: it can be read only once', async () => {
    const fleet = fleetOf({ master01: { code: 93 }, master02: { code: 0, text: 'ok' } })
    const stdin = Readable.from(['kind: Pod'])
    const result = await kubectl({ cluster, args: ['apply', '-f', '-'], fleet, stdin })
    expect(result.host).toBe('master02')
    const given = fleet.commands.map((command) => [command.host, command.stdin])
    expect(given).toEqual([
      ['master01', undefined],
      ['master02', undefined],
      ['master02', stdin],
    ])
  })

  test('none was set up: each is named, with what to do', async () => {
    const fleet = fleetOf({ master01: { code: 94 }, master02: { code: 94 } })
    await expect(kubectl({ cluster, args: ['x'], fleet })).rejects.toFail('kubernetes/no-kubectl-there', {
      says: /^master01: .*\nmaster02: /,
      fix: /quorate apply$/,
    })
  })

  test('an exit code of kubectl itself is no reason to try another node, whatever the number', async () => {
    const fleet = fleetOf({ master01: { code: 93, text: 'a plugin said so' } })
    const result = await kubectl({ cluster, args: ['x'], fleet, onStdout: () => undefined })
    expect(result).toMatchObject({ host: 'master01', exitCode: 93 })
  })

  test('on a terminal it is attached to the first master that is ready, and any exit code is its own', async () => {
    const fleet = fleetOf({ master01: { code: 94 }, master02: { code: 7, text: 'Client Version' } })
    const seen: Uint8Array[] = []
    const onStdout = (bytes: Uint8Array) => void seen.push(bytes)
    const args = ['exec', '-it', 'web', '--', 'sh']
    const result = await kubectl({ cluster, args, fleet, terminal: true, onStdout })
    expect(result).toMatchObject({ host: 'master02', exitCode: 7 })
    expect(fleet.attached).toEqual([{ host: 'master02', root: true, argv: expect.arrayContaining(args) }])
    expect(seen).toEqual([])
  })

  test('none is ready: all are named', async () => {
    const fleet = fleetOf({ master01: away, master02: { code: 93 } })
    const failed = kubectl({ cluster, args: ['x'], fleet })
    await expect(failed).rejects.toMatchObject({
      message: expect.stringMatching(/^master01: no route\nmaster02: /),
    })
  })

  test('a named master is the only one; another name, or a cluster without Kubernetes, is wrong', async () => {
    const fleet = fleetOf({ master02: { code: 93 } })
    await expect(kubectl({ cluster, node: 'master02', args: [], fleet })).rejects.toFail(
      'kubernetes/api-server-is-not-ready',
      { host: 'master02' },
    )
    await expect(kubectl({ cluster, node: 'worker01', args: [], fleet })).rejects.toFail(
      'usage/not-a-master',
      {
        says: "'worker01'",
        fix: /: master01, master02$/,
      },
    )
    const { kubernetes: _none, ...without } = cluster
    await expect(kubectl({ cluster: without, args: [], fleet })).rejects.toMatchObject({ code: 'usage' })
  })
})

test('the program on the master asks its own API server first, and starts kubectl only then', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'quorate-kubectl-'))
  try {
    const said = path.join(folder, 'said')
    const tool = path.join(folder, 'kubectl')
    const conf = path.join(folder, 'admin.conf')
    const local = program
      .replaceAll('/usr/local/bin/kubectl', tool)
      .replaceAll('/etc/kubernetes/admin.conf', conf)
    const run = () => spawnSync('sh', ['-c', local, 'kubectl', 'https://192.0.2.21:6443', 'get', 'a b'])
    expect(run().status).toBe(94)
    writeFileSync(conf, '')
    const standIn = (ready: number) => {
      writeFileSync(
        tool,
        `#!/bin/sh\nprintf '%s|' "$KUBECONFIG" "$@" >>'${said}'\necho >>'${said}'\n[ "$3" = get ] && exit 5\necho noise\nexit ${ready}\n`,
      )
      chmodSync(tool, 0o755)
    }
    standIn(1)
    expect(run()).toMatchObject({ status: 93, stdout: Buffer.from('') })
    standIn(0)
    expect(run().status).toBe(5)
    const ready = `${conf}|--server|https://192.0.2.21:6443|--request-timeout|5s|get|--raw|/readyz|`
    const started = `${conf}|--server|https://192.0.2.21:6443|get|a b|`
    expect(readFileSync(said, 'utf8').trim().split('\n')).toEqual([ready, ready, started])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
