/** docs/reference/errors.md, and the table of docs/reference/exit-codes.md. */
import {
  ALL_EXIT_CODES,
  ERROR_GUIDE,
  EXIT_MEANINGS,
  REPORTED_CODES,
  type ReportedCode,
  exitCodeOf,
} from '../../src/cli/explain/error-guide.ts'
import { SHOWN } from './command-facts.ts'
import { EXITS } from './exits.ts'
import { GENERATED_NOTE, anchor, code, table } from './markdown.ts'

export function errorsPage(): string {
  return `# Errors and exit codes

${GENERATED_NOTE}
This page lists every exit code and every error code: what it means, what was changed, and what to do. \`quorate explain CODE\` prints
the same without a network. To search for the text of a message, see [messages](messages.md).

An error has the form \`error: NODE: what failed: cause\`, with its impact, a fix and a reference. With \`--json\` it is one object, whose
\`code\` is one of these:

\`\`\`json
{ "formatVersion": 1, "error": { "code": "unreachable", "host": "etcd02", "message": "…", "impact": "…", "fix": "…" } }
\`\`\`

Some errors also have an \`id\`. It shows which of the code's errors it is, and stays the same when the message is reworded. Scripts can rely
on it. \`quorate explain CODE/ID\` prints its message and fix. [Messages](messages.md) lists the IDs.

## Exit codes

${exitCodeTable()}
\`quorate etcdctl\` and \`quorate kubectl\` end with the exit code of the other program.

${REPORTED_CODES.map(section).join('\n')}`
}

/** Every exit code with its error codes. */
export function exitCodeTable(): string {
  const rows = ALL_EXIT_CODES.map((exitCode) => {
    const codes = REPORTED_CODES.filter((one) => exitCodeOf(one) === exitCode)
    const own = EXIT_MEANINGS[exitCode]
    const meanings = codes.map((one) => ERROR_GUIDE[one].meaning)
    return [
      String(exitCode),
      codes.map((one) => `[${code(one)}](errors.md#${anchor(one)})`).join(', '),
      [...meanings, ...(own === undefined ? [] : [own])].join(' '),
    ]
  })
  return table(['exit code', 'error code', 'meaning'], rows)
}

function section(one: ReportedCode): string {
  const { meaning, changed, fix } = ERROR_GUIDE[one]
  return `## ${code(one)}

${meaning}

- Exit code: ${exitCodeOf(one)}
- What was changed: ${changed}
- What to do: ${fix}
${commandsWith(one)}`
}

/** More commands than this count as all. */
const MOST = 20

/** By group, as in `quorate --help`. */
function commandsWith(one: ReportedCode): string {
  const commands = SHOWN.filter(({ name }) => EXITS[name]?.errors.some((error) => error === one) === true)
  if (commands.length === 0) return '- Commands: all\n'
  if (commands.length > MOST) return '- Commands: most\n'
  const groups = [...Map.groupBy(commands, ({ group }) => group)].map(([group, members]) => {
    const links = members.map(({ name }) => `[${code(name)}](commands.md#${anchor(`quorate ${name}`)})`)
    return `  - ${group}: ${links.join(', ')}\n`
  })
  return `- Commands:\n${groups.join('')}`
}
