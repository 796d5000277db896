import path from 'node:path'
import type { Destination } from '../../adopt/member.ts'
import { QuorateError } from '../../errors.ts'
import { type AdoptPreview, adopt } from '../../verbs/adopt/adopt.ts'
import type { AuthorityWish } from '../../verbs/adopt/observe.ts'
import type { ScannedKey } from '../../ssh/trust.ts'
import type { ClusterFile } from '../../spec/schema.ts'
import { checkName } from '../../spec/values.ts'
import { confirm, passphraseSource, sudoPasswordSource } from '../ask.ts'
import { type CommandHandler, type CommandInput, countOption, flagOption, textOption } from '../command.ts'
import type { CliContext } from '../context.ts'
import { adoptJson, renderAdoption } from '../render-adopt.ts'
import { progressRenderer } from '../render-progress.ts'
import { keyTable } from '../render-keys.ts'
import { counted } from '../../spec/units.ts'
import { printValue } from '../output/print-json.ts'
import { UNCHANGED } from '../unchanged.ts'

const adoptCommand: CommandHandler = async (context, input) => {
  const name = requiredName(input)
  const destinations = input.args.map(destination)
  const progress = progressRenderer(context)
  const askPassphrase = passphraseSource(context)
  const sudoPassword = sudoPasswordSource(context)
  const previewOnly = flagOption(input, 'preview')
  let shown: AdoptPreview | undefined
  const confirmAll = async (preview: AdoptPreview) => {
    shown = preview
    if (previewOnly) throw new PreviewShown()
    if (!context.json) context.err(renderAdoption(preview, context))
    await confirm(
      context,
      `Write ${context.file}, and the cluster ID file on ${counted(preview.members.length, 'node')}?`,
    )
  }
  try {
    const report = await adopt({
      file: context.file,
      name,
      destinations,
      clientPort: countOption(input, 'clientPort', '--client-port'),
      ssh: sshOptions(context, input, destinations),
      authority: authority(context, input),
      source: source(context, input),
      emit: context.json ? () => undefined : progress.emit,
      signal: context.signal,
      now: context.now,
      interactive: context.interactive,
      patienceFactor: context.patienceFactor,
      decideKeys: async (keys) => await progress.hold(async () => await decideKeys(context, keys)),
      confirm: async (preview) => await progress.hold(async () => await confirmAll(preview)),
      askPassphrase: async (...words) => await progress.hold(async () => await askPassphrase(...words)),
      sudoPassword:
        sudoPassword && (async (...words) => await progress.hold(async () => await sudoPassword(...words))),
    })
    progress.stop()
    if (context.json) printValue(context, 'adopt', adoptJson(context.file, report, report.changed))
    else if (!report.changed)
      context.out(`${UNCHANGED}: ${context.file} and the cluster ID files are up to date\n`)
    else tellNext(context, report)
    return 0
  } catch (error) {
    if (!(error instanceof PreviewShown) || shown === undefined) throw error
    if (context.json) printValue(context, 'adopt', adoptJson(context.file, shown, false))
    else context.out(`${renderAdoption(shown, context)}nothing was written\n`)
    return 0
  } finally {
    progress.stop()
  }
}

/** Ends a run that only shows the preview. */
class PreviewShown extends Error {}

function requiredName(input: CommandInput): string {
  const name = textOption(input, 'name')
  if (name === undefined)
    throw new QuorateError('usage', 'the name of the cluster is missing', {
      hint: 'rerun with --name, for example --name prod',
    })
  const complaint = checkName(name)
  if (complaint !== undefined)
    throw new QuorateError('usage', `--name: ${complaint.message}`, { hint: complaint.hint })
  return name
}

function destination(word: string): Destination {
  const at = word.lastIndexOf('@')
  const [user, host] = at === -1 ? [undefined, word] : [word.slice(0, at), word.slice(at + 1)]
  if (host !== '' && user !== '') return { host: host.replace(/^\[|\]$/g, ''), user }
  throw new QuorateError('usage', `"${word}" is not [USER@]HOST`)
}

/** The login of all nodes; in the file, paths start from the directory of the cluster file. */
function sshOptions(
  context: CliContext,
  input: CommandInput,
  destinations: readonly Destination[],
): NonNullable<ClusterFile['ssh']> {
  const user = textOption(input, 'user') ?? destinations.find((one) => one.user !== undefined)?.user
  const port = countOption(input, 'port', '--port')
  const identityFile = textOption(input, 'identityFile')
  const jump = textOption(input, 'jump')
  return {
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
    ...(identityFile === undefined ? {} : { identityFile: fromFile(context, identityFile) }),
    ...(jump === undefined ? {} : { jump }),
  }
}

function authority(context: CliContext, input: CommandInput): AuthorityWish | undefined {
  const [host, certificate, key] = ['caHost', 'caCertificate', 'caKey'].map((name) => textOption(input, name))
  if (host === undefined && certificate === undefined && key === undefined) return undefined
  if (certificate === undefined)
    throw new QuorateError('usage', 'the CA certificate is missing', {
      hint: 'rerun with --ca-certificate PATH',
    })
  if (host !== undefined && key !== undefined) return { host: { name: host, certificate, key } }
  if (host !== undefined)
    throw new QuorateError('usage', `the path of the CA key on ${host} is missing`, {
      hint: 'rerun with --ca-key PATH',
    })
  const local = fromFile(context, certificate)
  return key === undefined
    ? { offline: { certificate: local } }
    : { local: { certificate: local, key: fromFile(context, key) } }
}

function source(context: CliContext, input: CommandInput): ClusterFile['etcd']['source'] {
  const [suite, file] = [textOption(input, 'suite'), textOption(input, 'path')]
  if (suite !== undefined) return { debian: { suite } }
  return file === undefined ? undefined : { file: { path: fromFile(context, file) } }
}

/** A path in the cluster file starts from its directory. */
function fromFile({ file }: CliContext, given: string): string {
  if (path.isAbsolute(given) || given === '~' || given.startsWith('~/')) return given
  return path.relative(path.dirname(path.resolve(file)), path.resolve(given))
}

async function decideKeys(context: CliContext, keys: readonly ScannedKey[]): Promise<readonly ScannedKey[]> {
  if (!context.json) {
    context.err(keyTable(keys, context))
    context.err('Compare with the output on each node: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n')
  }
  await confirm(context, `Record ${counted(keys.length, 'host key')}?`)
  return keys
}

function tellNext(context: CliContext, { cluster, plan }: AdoptPreview): void {
  const option = context.file === 'cluster.yaml' ? '' : `-f ${context.file} `
  context.out(`adopted ${cluster.name}: ${context.file} was written, nothing was restarted\n`)
  const next = plan.blocked.length > 0 ? ['status'] : ['status', 'plan']
  for (const word of next) context.err(`  quorate ${option}${word}\n`)
}

export default adoptCommand
