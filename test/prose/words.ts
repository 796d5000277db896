/**
 * Words that no text for a person has: archaic, private to this project, or spelled differently in American English. Each with what to
 * write instead. To add one, add a line.
 */

/** `everywhere`: pages, help and messages. `tool`: help and messages only, as a page may say "here" of itself. */
export type Scope = 'everywhere' | 'tool'

export interface BannedWord {
  readonly rule: 'archaic' | 'term' | 'spelling' | 'person' | 'place'
  readonly pattern: RegExp
  readonly instead: string
  readonly scope: Scope
}

const ban =
  (rule: BannedWord['rule'], scope: Scope = 'everywhere') =>
  (words: string, instead: string): BannedWord => ({
    rule,
    scope,
    instead,
    // No part of a path, an option or a longer word: `--from-survivor` is an option's name.
    pattern: new RegExp(String.raw`(?<![\w/.-])(?:${words})(?![\w/-])`, 'gi'),
  })

/** The 25 words whose density in README and docs is measured: they make a text hard to read for most people. */
const archaic = ban('archaic')
export const ARCHAIC: readonly BannedWord[] = [
  archaic('anew', 'again; recreated; renewed'),
  archaic('whoever|whomever|whosoever', 'the person, the operator'),
  archaic('nobody', 'no one; name the subject'),
  archaic('somebody|anybody', 'name the person: an operator, another tool'),
  archaic('tells?|told', 'reports, shows, says'),
  archaic('mend(?:s|ed|ing)?', 'fix, repair'),
  archaic('beside', 'next to, in addition to'),
  archaic('meanwhile', 'during this time'),
  archaic('begun', 'started'),
  archaic('exchang(?:e|es|ed|ing)', 'rotate (a CA), replace (data, a member)'),
  archaic('(?:in|into) force', 'effective; activate, apply'),
  archaic('for good', 'permanently'),
  archaic('goes on|go on|went on|going on|gone on', 'continues'),
  archaic('such ones|such as are', 'name them'),
  archaic('can not', "can't"),
  archaic('(?<!there )(?:is|are|was|were) no(?! longer| more than)', 'is not, has no'),
  archaic('(?:is|are|was|were) meant', 'name the value that is expected'),
  archaic(
    'thereby|therein|thereof|thereafter|whereby|wherein|whereof|hitherto|henceforth|hence',
    'say it plainly',
  ),
  archaic('lest', "so that … doesn't"),
  archaic('amid|amidst|in the midst', 'during'),
  archaic('aside', 'renamed to PATH'),
  archaic('befalls?|befell|befallen', 'happens to'),
  archaic('as (?:it|they) (?:was|were) before', 'unchanged'),
  archaic('sees? to it|see to', 'makes sure'),
  archaic('whither|hither|thither|ought|shall', 'must, should'),
]

const term = ban('term')
const TERMS: readonly BannedWord[] = [
  term('folders?', 'directory'),
  term('newcomers?', 'new member'),
  term('survivors?', 'surviving member'),
  term('voters?', 'voting member'),
  // In capitals it stands for a value.
  { ...term('[Ss]ums?(?! of)', 'checksum'), pattern: /(?<![\w/.-])[Ss]ums?(?! of)(?![\w/-])/g },
  term('verbs?', 'command'),
  term('waves?', 'stage'),
  term('remed(?:y|ies)', 'fix'),
  term('drills?', 'test restore'),
  term('proven', 'restore-tested'),
  term('way back|ways back', 'rollback, recovery'),
  term('at work', 'lock holder; running'),
  term('looked at|looks at', 'inspected, inspects'),
  term('cleared', 'decommissioned; freed'),
  term('out of reach', 'unreachable'),
  term('unjam(?:s|med|ming)?', 'free space'),
  term('(?:this|the) computers?|computer of the operator', 'workstation'),
  term('a client of its own', 'availability probe'),
  term('home of the CA', 'CA location'),
  term('for whom', 'recipients'),
  term('such that', 'so that'),
]

const spelling = ban('spelling')
const SPELLINGS: readonly BannedWord[] = [
  spelling('(?:colou|behaviou|favou|honou|neighbou|labou)rs?(?:ed|ing)?', '-or'),
  spelling('cent(?:re|res|red)', 'center'),
  spelling('catalogues?', 'catalog'),
  spelling('licen[c]e', 'license'),
  spelling('cancell(?:ed|ing)', 'canceled, canceling'),
  spelling('(?:travell|labell|modell|signall)(?:ed|ing)', 'one l'),
  spelling(
    '(?:organi|recogni|initiali|seriali|normali|synchroni|authori|minimi|optimi)s(?:e|es|ed|ing|ation)',
    '-ize',
  ),
  spelling('whilst|amongst', 'while, among'),
  { rule: 'spelling', pattern: /[‘’“”]/g, instead: 'straight quotes: \' and "', scope: 'everywhere' },
]

const person = ban('person')
const PERSONS: readonly BannedWord[] = [
  person('we|us|our|ours', 'quorate, or the imperative'),
  person('he|him|his|himself|she|her', 'you, the operator, they'),
]

const place = ban('place', 'tool')
const PLACES: readonly BannedWord[] = [
  place('here', 'on this workstation; in this file'),
  place("there(?! (?:is|are|was|were|may|can|has|have)\\b|'s)", 'on NODE; in PATH'),
]

export const BANNED: readonly BannedWord[] = [...ARCHAIC, ...TERMS, ...SPELLINGS, ...PERSONS, ...PLACES]
