import { QuorateError } from '../../errors.ts'
import { rotateNodeKey } from '../../verbs/certificates/rotate-node-key.ts'
import { type SignersOptions, revokeKeys, rotateOperatorKey } from '../../verbs/certificates/signers.ts'
import { listOf, operatorPrincipal, signersFile } from '../../backup/signers.ts'
import type { AllowedSigner } from '../../signing/allowed-signers.ts'
import type { Cluster } from '../../spec/cluster.ts'
import { confirm, confirmByTyping } from '../ask.ts'
import { type CommandHandler, type CommandInput, textOption } from '../command.ts'
import type { CliContext } from '../context.ts'
import { renderSigners, signersJson } from '../render-signers.ts'
import { loadForCommand, withSession, recordedBy } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const signersCommand: CommandHandler = async (context, input) => {
  const [action = 'list', who] = input.args
  const cluster = await loadForCommand(context)
  const handlers: Readonly<Record<string, () => Promise<void>>> = {
    list: async () => list(context, cluster, await listOf(cluster)),
    rotate: async () => await rotate(context, cluster, who),
    revoke: async () => await revoke(context, input, cluster, who),
  }
  const handler = handlers[action]
  if (handler === undefined)
    throw new QuorateError('usage', `'${action}' is not an action: use list, rotate or revoke`)
  await handler()
  return 0
}

function list(context: CliContext, cluster: Cluster, signers: readonly AllowedSigner[]): void {
  const file = signersFile(cluster)
  if (context.json) printValue(context, 'backup signers', { file, signers: signersJson(signers) })
  else context.out(renderSigners(file, signers, context))
}

/** The key of the operator, unless a node is named. */
async function rotate(context: CliContext, cluster: Cluster, who: string | undefined): Promise<void> {
  const node = cluster.nodes.find(({ name }) => name === who)
  if (who !== undefined && node === undefined) {
    const names = cluster.nodes.map(({ name }) => name).join(', ')
    throw new QuorateError('usage', `'${who}' is not a node of the cluster file`, {
      id: 'no-such-node',
      hint: `name a node (${names}), or none for the key of the operator`,
    })
  }
  const whose = node === undefined ? operatorPrincipal(cluster.name) : node.name
  const question = `Rotate the signing key of ${whose}? Existing backups stay valid; new backups use the new key.`
  if (node === undefined) {
    const confirmed = async () => await confirm(context, question)
    tellRotated(context, cluster, await rotateOperatorKey(optionsOf(context, cluster), confirmed))
    return
  }
  const fingerprint = await withSession(
    context,
    async (session, ask) =>
      await rotateNodeKey(session, node, async () => await ask(async () => await confirm(context, question))),
    { cluster },
  )
  const signer = (await listOf(cluster)).find((one) => one.fingerprint === fingerprint)
  if (signer !== undefined) tellRotated(context, cluster, signer)
}

function tellRotated(context: CliContext, cluster: Cluster, signer: AllowedSigner): void {
  const { principals, fingerprint } = signer
  const file = signersFile(cluster)
  if (context.json) {
    printValue(context, 'backup signers', { changed: true, file, signers: signersJson([signer]) })
    return
  }
  context.out(
    `${principals} signs with ${fingerprint} from now on\nkeep a new copy of ${file} with your age identity\n`,
  )
}

async function revoke(
  context: CliContext,
  input: CommandInput,
  cluster: Cluster,
  who: string | undefined,
): Promise<void> {
  const file = signersFile(cluster)
  if (who === undefined) {
    throw new QuorateError('usage', 'the key to revoke is missing', {
      hint: 'name it, or give its fingerprint: quorate backup signers lists both',
    })
  }
  const revoked = await revokeKeys(optionsOf(context, cluster), who, async (going) => {
    const question = `Revoke ${namesOf(going)}: verify and restore refuse every backup that this key signed, also old ones.`
    await confirmByTyping(context, question, cluster.name, textOption(input, 'confirm'))
  })
  if (context.json) {
    printValue(context, 'backup signers', { changed: true, file, signers: signersJson(revoked) })
    return
  }
  context.out(
    `revoked: ${namesOf(revoked)}\nkeep a new copy of ${file} with your age identity, and take a backup with another key: quorate backup, or on a node: quorate backup schedule\n`,
  )
}

function namesOf(signers: readonly AllowedSigner[]): string {
  return signers.map(({ principals, fingerprint }) => `${principals} ${fingerprint}`).join(', ')
}

function optionsOf(context: CliContext, cluster: Cluster): SignersOptions {
  return { cluster, operator: recordedBy(context, cluster), signal: context.signal }
}

export default signersCommand
