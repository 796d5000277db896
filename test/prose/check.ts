/** Finds what is wrong with a text: each rule is a line or two. */
import { BANNED } from './words.ts'
import type { Kind, Text } from './texts.ts'

export interface Finding {
  readonly file: string
  readonly line: number
  readonly rule: string
  /** What was found, and what to write instead. */
  readonly why: string
}

export const MOST_WORDS = 25
const LONGEST_SUMMARY = 60

const TOOL: ReadonlySet<Kind> = new Set(['summary', 'option', 'help', 'message', 'hint', 'words'])
/** Counted things, as they follow a value in a template. */
const COUNTED =
  /(?<!than |most )\{\} (?:more |other )?(?:members|nodes|machines|hosts|steps|keys|files|backups|days|seconds|minutes|hours|certificates|problems|errors|lines|bytes|records)\b/
/** How an instruction must not start. */
const NO_INSTRUCTION =
  /^(?:the|a|an|it|its|this|that|these|there|is|are|was|what|which|who|one|nothing|none|you)\b/i
const NO_VERB =
  /^(?:the|a|an|what|which|who|whose|how|when|where|all|it|no|nothing)\b|^\w+(?:ing|[^s]s|ed)\b|^\S+'s\b/i
/** A first word with a capital letter that it always has. */
const NAME = /^(?:[A-Z][\w./-]*[A-Z0-9_][\w./-]*|Node\.js|Debian|Ubuntu|Kubernetes|Linux|Ctrl)\b/

type Rule = (text: Text) => readonly string[]

const RULES: Readonly<Record<string, Rule>> = {
  long: ({ text, kind }) =>
    (kind === 'words' ? [] : sentencesOf(text))
      .filter((sentence) => wordsOf(sentence) > MOST_WORDS)
      .map((sentence) => `${wordsOf(sentence)} words: ${sentence.slice(0, 60)}…`),
  summary: ({ text, kind }) => {
    if (kind !== 'summary') return []
    const wrong = [
      ...(/^[A-Z]/.test(text) ? [] : ['no capital letter']),
      ...(/[.!?]$/.test(text) ? ['ends with a period'] : []),
      ...(text.length > LONGEST_SUMMARY ? [`${text.length} characters`] : []),
      ...(NO_VERB.test(text) ? ["doesn't begin with a verb in the imperative"] : []),
    ]
    return wrong.map((what) => `${what}: ${text}`)
  },
  option: ({ text, kind }) => {
    if (kind !== 'option') return []
    return [
      ...(/^[a-z]/.test(text) && !/^(?:etcd|sshd|kube|containerd|age|cluster\.yaml)/.test(text)
        ? [`no capital letter: ${text}`]
        : []),
      ...(text.endsWith('.') ? [`ends with a period: ${text}`] : []),
    ]
  },
  message: ({ text, kind }) => {
    if (kind !== 'message' && kind !== 'hint') return []
    return [
      ...(/^[A-Z]/.test(text) && !NAME.test(text) ? [`begins with a capital letter: ${text}`] : []),
      ...(/[^.…]\.$/.test(text) ? [`ends with a period: ${text}`] : []),
      ...(/\?(?:$| )/.test(text) ? [`asks a question: ${text}`] : []),
      ...(/nothing (?:was|is) changed/i.test(text)
        ? [`"nothing was changed" is the impact, which the engine adds: ${text}`]
        : []),
    ]
  },
  hint: ({ text, kind }) => (kind === 'hint' && NO_INSTRUCTION.test(text) ? [`no instruction: ${text}`] : []),
  plural: ({ text, kind }) => [
    ...(/(?<!http)\((?:s|es)\)/.test(text) ? [`write it out, or use counted(): ${text}`] : []),
    ...(kind !== 'page' && COUNTED.test(text) ? [`use counted(): ${text}`] : []),
  ],
}

export function check(text: Text): readonly Finding[] {
  const finding = (rule: string, why: string): Finding => ({ file: text.file, line: text.line, rule, why })
  const words = BANNED.filter(({ scope }) => scope === 'everywhere' || TOOL.has(text.kind)).flatMap(
    ({ rule, pattern, instead }) =>
      [...text.text.matchAll(pattern)].map(({ index, 0: word }) =>
        finding(rule, `"${word}": ${instead}. In: …${text.text.slice(Math.max(0, index - 30), index + 40)}…`),
      ),
  )
  if (text.kind === 'comment') return words
  return [
    ...words,
    ...Object.entries(RULES).flatMap(([rule, find]) => find(text).map((why) => finding(rule, why))),
  ]
}

function sentencesOf(text: string): readonly string[] {
  return text.split(
    /(?<=[.!?][)"']?)\s+(?=[\p{Lu}{"'(`-]|CODE|(?:quorate|etcd|kubeadm|kubelet|kubectl|systemd|skopeo)\b)|\n+/u,
  )
}

export function wordsOf(text: string): number {
  return text.split(/\s+/).filter((word) => /[\p{L}\p{N}{]/u.test(word)).length
}
