import path from 'node:path'
import { clientCertificate } from '../../verbs/certificates/client.ts'
import type { ClientCertificate } from '../../pki/client.ts'
import { clientUrl } from '../../etcd/configuration.ts'
import { etcdNodes } from '../../spec/cluster.ts'
import { quoteWord } from '../../ssh/quote.ts'
import { type CommandHandler, countOption, flagOption, textOption } from '../command.ts'
import { loadForCommand, withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const certsClient: CommandHandler = async (context, input) => {
  const [name = ''] = input.args
  const days = countOption(input, 'days', '--days')
  const out = textOption(input, 'out')
  const cluster = await loadForCommand(context)
  return await withSession(
    context,
    async (session) => {
      const made = await clientCertificate(session, {
        name,
        directory: out === undefined ? undefined : path.resolve(out),
        days,
        renew: flagOption(input, 'renew'),
      })
      const endpoints = etcdNodes(cluster).map((node) => clientUrl(cluster, node))
      if (context.json) {
        printValue(context, 'certs client', { name, ...made, endpoints })
        return made.result === 'waiting' ? 1 : 0
      }
      for (const text of made.warnings) context.err(`${context.colors.yellow('warning:')} ${text}\n`)
      context.out(describe(name, made, endpoints))
      return made.result === 'waiting' ? 1 : 0
    },
    { cluster },
  )
}

const RESULTS: Readonly<Record<ClientCertificate['result'], string>> = {
  kept: 'is valid and was kept',
  issued: 'was issued',
  waiting:
    'waits for the offline CA: run quorate certs csr --out DIR, sign the request, run quorate certs import DIR',
}

function describe(name: string, made: ClientCertificate, endpoints: readonly string[]): string {
  const { key, certificate, ca, result } = made
  const list = endpoints.join(',')
  const files = `the certificate of ${name} ${RESULTS[result]}\n  ${key}  (keep it private)\n`
  if (result === 'waiting') return files
  return `${files}  ${certificate}
  ${ca}

etcdctl:
  etcdctl --endpoints=${list} \\
    --cacert=${quoteWord(ca)} --cert=${quoteWord(certificate)} --key=${quoteWord(key)} endpoint health

kube-apiserver:
  --etcd-servers=${list}
  --etcd-cafile=${quoteWord(ca)}
  --etcd-certfile=${quoteWord(certificate)}
  --etcd-keyfile=${quoteWord(key)}
`
}

export default certsClient
