import { EXIT_CODES } from '../../errors.ts'
import { describeCapacity } from '../../flannel/check.ts'
import { inspectClusterFile } from '../../cluster-file/load.ts'
import { formatProblems } from '../../spec/problem.ts'
import { type CommandHandler, flagOption } from '../command.ts'
import { counted } from '../../spec/units.ts'
import { printValue } from '../output/print-json.ts'

const validate: CommandHandler = async (context, input) => {
  if (flagOption(input, 'schema')) {
    const { clusterJsonSchema } = await import('../../spec/json-schema.ts')
    context.out(`${JSON.stringify(clusterJsonSchema(), null, 2)}\n`)
    return 0
  }
  const { cluster, problems } = await inspectClusterFile(context.file)
  const valid = cluster !== undefined
  if (context.json) {
    printValue(context, 'validate', { valid, problems })
  } else {
    // These are the results of the command, so they go to standard output, where editors and scripts read.
    if (problems.length > 0) context.out(`${formatProblems(problems)}\n`)
    context.out(`${verdict(context.file, problems)}\n`)
    const network = cluster?.network?.config
    const room = network && describeCapacity(network)
    if (room !== undefined) context.out(`capacity of the flannel network: ${room}\n`)
  }
  return valid ? 0 : EXIT_CODES['cluster-file']
}

function verdict(file: string, problems: readonly { readonly severity: string }[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const warnings = problems.length - errors
  const counts = [
    ...(errors > 0 ? [counted(errors, 'error')] : []),
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
  ]
  return errors > 0 ? counts.join(', ') : `${file} is valid${warnings > 0 ? `, with ${counts.join()}` : ''}`
}

export default validate
