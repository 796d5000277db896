import path from 'node:path'
import { QuorateError } from '../../errors.ts'
import { exportCertificateRequests } from '../../verbs/certificates/offline.ts'
import { type CommandHandler, textOption } from '../command.ts'
import { withSession } from '../with-session.ts'
import { printValue } from '../output/print-json.ts'

const certsCsr: CommandHandler = async (context, input) => {
  const out = textOption(input, 'out')
  if (out === undefined) {
    throw new QuorateError('usage', 'the directory for the requests is missing', {
      hint: 'run quorate certs csr --out DIR',
    })
  }
  return await withSession(context, async (session) => {
    const { files, waitingFor } = await exportCertificateRequests(session, path.resolve(out))
    if (context.json) {
      printValue(context, 'certs csr', { directory: path.resolve(out), files, waitingFor })
      return 0
    }
    if (files.length === 0) {
      context.out('nothing to request: no certificate is due\n')
      return 0
    }
    context.out(`${files.map((file) => path.join(out, file)).join('\n')}\n`)
    if (waitingFor !== undefined) context.err(`${context.colors.yellow('!')} ${waitingFor}\n`)
    context.err(
      `sign them (${path.join(out, 'README.txt')} shows how), then run: quorate certs import ${out}\n`,
    )
    return 0
  })
}

export default certsCsr
