/** docs/reference/messages.md: every message in the sources, by error code. */
import { REPORTED_CODES, exitCodeOf } from '../../src/cli/explain/error-guide.ts'
import { GENERATED_NOTE, anchor, code } from './markdown.ts'
import { topicOf } from '../../src/error-ids.ts'
import { type Message, messages } from './messages.ts'

export function messagesPage(): string {
  const groups = Map.groupBy(
    messages().filter(({ text }) => text !== ''),
    (message) => message.code,
  )
  const sections = REPORTED_CODES.flatMap((name) => {
    const found = groups.get(name) ?? []
    const about = `Exit code ${exitCodeOf(name)}. [What it means and what to do](errors.md#${anchor(name)}).`
    return found.length === 0 ? [] : [section(name, about, found)]
  })
  return `# Messages

${GENERATED_NOTE}
This page lists the messages of quorate, so that you can search for one. A word in braces, like \`{node}\`, stands for a value. \`{…}\` stands
for a value or for more text. Where a message names a fix of its own, the fix follows the arrow. Some messages have an ID, such as
\`locked/another-operator-holds-the-lock\`. It stays the same when the message is reworded: scripts can rely on it. \`quorate explain ID\` explains it.

${sections.join('\n')}
${section('Problems in the cluster file', 'Each comes with file, line and column. `quorate validate` lists all of them.', groups.get('problem') ?? [])}
${section('Refusals, warnings and findings', 'Parts of errors and reports, such as `blocked`, `preflight` and `quorate status`.', groups.get('report') ?? [])}`
}

function section(title: string, about: string, found: readonly Message[]): string {
  const lines = found.map(
    ({ text, fix, id }) =>
      `- ${shown(text)}${fix === undefined ? '' : ` → ${shown(fix)}`}${id === undefined ? '' : `. ID: ${code(topicOf(id))}`}\n`,
  )
  return `## ${title}\n\n${about}\n\n${lines.join('')}`
}

function shown(text: string): string {
  return code(text.replaceAll(/\s*\n\s*/g, ' '))
}
