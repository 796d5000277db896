/** The program understands every command in README, docs and help, and every link has a target. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test, vi } from 'vitest'
import { slug } from '../docs/.vitepress/slug.ts'
import { COMMANDS } from '../src/cli/commands.ts'
import { QuorateError } from '../src/errors.ts'
import { buildProgram, normalizeWords } from '../src/cli/program.ts'
import { KUBERNETES_LIFE, KUBERNETES_NOT_HERE } from './kubernetes/typed.ts'
import { NOT_HERE } from './lab/support/not-typed.ts'
import { LIFE, THE_LAB } from './lab/support/typed.ts'
import { simpleCommands } from './shell-words.ts'
import { PAGES, shownLines } from './shown-commands.ts'

const ROOT = path.resolve(import.meta.dirname, '..')

test.each(PAGES)('%s: its quorate commands are ones that quorate takes', async (page) => {
  const text = await readFile(path.join(ROOT, page), 'utf8')
  expect(await refused(shownLines(text))).toEqual([])
})

test('every command on the pages is typed on machines, or there is a reason why not', async () => {
  const typed = [...LIFE, ...THE_LAB, ...KUBERNETES_LIFE].map(({ shown }) => shown)
  const known = [...typed, ...Object.keys(NOT_HERE), ...Object.keys(KUBERNETES_NOT_HERE)]
  const texts = await Promise.all(PAGES.map(async (page) => await readFile(path.join(ROOT, page), 'utf8')))
  const lines = texts.flatMap(shownLines).map((line) => line.replace(/\s+#\s.*$/, '').trim())
  const shown = new Set(lines.filter((line) => line !== '' && !line.startsWith('#')))
  expect(shown.size).toBeGreaterThan(40)
  expect(shown).toEqual(new Set(known))
})

test('every command accepts the examples of its help', async () => {
  const examples = COMMANDS.flatMap((command) => command.examples ?? [])
  expect(examples.length).toBeGreaterThan(10)
  expect(await refused(examples)).toEqual([])
})

test('a command, option or argument that there is not is found', async () => {
  const wrong = ['quorate aply', 'quorate plan --ot x', 'sudo quorate status now && true', 'quorate run']
  expect((await refused(wrong)).length).toBe(4)
})

test.each(PAGES)('%s: links lead to files and headings that are there', async (page) => {
  const text = await readFile(path.join(ROOT, page), 'utf8')
  const prose = text.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`\n]*`/g, 'CODE')
  const links = [...prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)]
  const dead: string[] = []
  for (const [, link = ''] of links) {
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path.join(ROOT, page) : path.resolve(ROOT, path.dirname(page), file)
    if (!existsSync(target)) dead.push(link)
    else if (anchor !== undefined && !headings(await readFile(target, 'utf8')).includes(anchor))
      dead.push(link)
  }
  expect(dead).toEqual([])
})

test('docs/index.md leads to every page', async () => {
  const index = await readFile(path.join(ROOT, 'docs/index.md'), 'utf8')
  const linked = [...index.matchAll(/\]\(([^)#]+\.md)\)/g)].map(([, link = '']) => `docs/${link}`)
  const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/index.md')
  expect(linked.toSorted()).toEqual(pages.toSorted())
})

test("a command that asks for the cluster's name accepts it as an option, and the other way round", () => {
  const asks = COMMANDS.filter(({ asksForName }) => asksForName !== undefined)
  const takes = COMMANDS.filter(({ options = [] }) =>
    options.some(({ flags }) => flags.startsWith('--confirm')),
  )
  expect(asks.map(({ name }) => name)).toEqual(takes.map(({ name }) => name))
})

test('the threat table: every test that it names is there, and every row has one or says that it has none', async () => {
  const page = await readFile(path.join(ROOT, 'docs/concepts/security-model.md'), 'utf8')
  const part = (name: string) =>
    (page.split(`<!-- ${name} -->\n`)[1] ?? '').split(`\n<!-- /${name} -->`)[0]?.split('\n') ?? []
  const rows = part('threats').slice(2)
  const tests = part('threat-tests')
  expect(rows.length).toBeGreaterThan(15)
  expect(tests.map((line) => line.split('. ')[0])).toEqual(rows.map((row) => row.split(' | ')[0]?.slice(2)))
  expect(tests.filter((line) => !/\.test\.ts`|No test/.test(line))).toEqual([])
  const missing: string[] = []
  for (const [, file = '', link, names = ''] of tests.join('\n').matchAll(NAMED_TESTS)) {
    const source = (await readFile(path.join(ROOT, file), 'utf8')).replaceAll("\\'", "'")
    if (link !== `../../${file}`) missing.push(`${file} is linked as ${link}`)
    for (const [, name = ''] of names.matchAll(/`([^`]+)`/g))
      if (!isTest(source, name)) missing.push(`${file}: ${name}`)
  }
  expect(missing).toEqual([])
})

/** A file, its link, and the names of tests in it. */
const NAMED_TESTS = /\[`([^`]+\.test\.ts)`\]\(([^)]+)\): (`[^`]+`(?:, `[^`]+`)*)/g

function isTest(source: string, name: string): boolean {
  return ["'", '"', '`'].some((quote) => {
    const start = `${quote}${name}`
    return [quote, '${'].some((end) => source.includes(`${start}${end}`))
  })
}

/** Command lines that quorate would refuse, with its message. */
async function refused(lines: readonly string[]): Promise<string[]> {
  const found = lines
    .flatMap(simpleCommands)
    .map((words) => words.slice(words.findIndex((word) => word === 'quorate' || word === './quorate')))
    .filter(([first]) => first === 'quorate' || first === './quorate')
  const answers: string[] = []
  // One after the other: each replaces the process's own exit during its run.
  for (const words of found) {
    const answer = await parse(words.slice(1))
    if (answer !== undefined) answers.push(`${words.join(' ')}: ${answer}`)
  }
  return answers
}

/** Why the command line is refused; undefined: it is not. */
async function parse(words: readonly string[]): Promise<string | undefined> {
  const dashes = words.indexOf('--')
  const own = dashes === -1 ? words : words.slice(0, dashes)
  const rest = dashes === -1 ? [] : words.slice(dashes + 1)
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(() => true),
    vi.spyOn(process, 'exit').mockImplementation((code) => {
      throw new ExitCalled(Number(code ?? 0))
    }),
  ]
  try {
    // Placeholders in capitals stand for values, which are not checked here.
    await buildProgram(async () => undefined, rest).parseAsync(normalizeWords(own), { from: 'user' })
    return undefined
  } catch (error) {
    if (error instanceof QuorateError) return error.message
    if (!(error instanceof ExitCalled) || error.code !== 0) throw error
    return undefined
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

class ExitCalled extends Error {
  readonly code: number
  constructor(code: number) {
    super(`exit ${code}`)
    this.code = code
  }
}

/** The anchors of its headings. */
function headings(markdown: string): string[] {
  return [...markdown.replaceAll(/^```.*?^```/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    slug(title),
  )
}
