import path from 'node:path'
import { quoteWord } from '../../ssh/quote.ts'
import { type MadeKubeconfig, makeKubeconfig } from '../../verbs/kubernetes/kubeconfig.ts'
import { confirmByTyping } from '../ask.ts'
import { type CommandHandler, countOption, textList, textOption } from '../command.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const kubeconfigCommand: CommandHandler = async (context, input) => {
  const out = textOption(input, 'out')
  const days = countOption(input, 'days', '--days')
  const cluster = await loadForCommand(context)
  return await withSession(
    context,
    async (session, ask) => {
      const made = await makeKubeconfig(session, {
        user: textOption(input, 'user'),
        groups: textList(input, 'group'),
        days,
        file: out === undefined ? undefined : path.resolve(out),
        confirmMasters: async (user) =>
          await ask(
            async () =>
              await confirmByTyping(context, risk(user), cluster.name, textOption(input, 'confirm')),
          ),
      })
      if (context.json) {
        printValue(context, 'kubeconfig', made)
        return 0
      }
      for (const text of made.warnings) context.err(`${context.colors.yellow('warning:')} ${text}\n`)
      context.out(describe(made))
      return 0
    },
    { cluster },
  )
}

function risk(user: string): string {
  return `Give ${user} all rights in Kubernetes through the group system:masters. RBAC can't limit this; only another CA revokes it before the certificate expires.`
}

function describe({ file, user, groups, server, expires }: MadeKubeconfig): string {
  const bound =
    groups.length > 0
      ? `groups: ${groups.join(', ')}`
      : `no groups: bind a role to the user, for example kubectl create clusterrolebinding ${user} --clusterrole=view --user=${user}`
  return `wrote the kubeconfig of ${user}, with its private key
  ${file}
  server ${server}, valid until ${expires.slice(0, 10)}
  ${bound}

kubectl --kubeconfig ${quoteWord(file)} get nodes
`
}

export default kubeconfigCommand
