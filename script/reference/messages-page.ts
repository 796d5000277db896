/** docs/reference/messages.md: every message in the sources, by error code. */
import { REPORTED_CODES, exitCodeOf } from '../../src/cli/explain/error-guide.ts'
import { GENERATED_NOTE, anchor, code } from './markdown.ts'
import { type Message, messages } from './messages.ts'

export function messagesPage(): string {
  const groups = Map.groupBy(messages(), (message) => message.code)
  const sections = REPORTED_CODES.flatMap((name) => {
    const found = groups.get(name) ?? []
    const about = `Exit code ${exitCodeOf(name)}. [What it means and what to do](errors.md#${anchor(name)}).`
    return found.length === 0 ? [] : [section(name, about, found)]
  })
  return `# Messages

${GENERATED_NOTE}
This page lists the messages of quorate, so that you can search for one. A word in braces, like \`{node}\`, stands for a value. \`{…}\` stands
for a value or for more text. Where a message names a fix of its own, the fix follows the arrow.

${sections.join('\n')}
${section('Problems in the cluster file', 'Each comes with file, line and column. `quorate validate` lists all of them.', groups.get('problem') ?? [])}
${section('Refusals, warnings and findings', 'Parts of errors and reports, such as `blocked`, `preflight` and `quorate status`.', groups.get('report') ?? [])}`
}

function section(title: string, about: string, found: readonly Message[]): string {
  const lines = found.map(
    ({ text, fix }) => `- ${shown(text)}${fix === undefined ? '' : ` → ${shown(fix)}`}\n`,
  )
  return `## ${title}\n\n${about}\n\n${lines.join('')}`
}

function shown(text: string): string {
  return code(text.replaceAll(/\s*\n\s*/g, ' '))
}
