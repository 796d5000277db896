/**
 * YAML as etcd reads its configuration file: `sigs.k8s.io/yaml` over `go-yaml` v2, which is YAML 1.1 with exceptions.
 * `yes` and `on` are booleans, `010` is eight, `1_000` a thousand; if a key exists twice, the later one counts.
 */
import { type Node, type Scalar, isAlias, isMap, isNode, isScalar, isSeq, parseAllDocuments } from 'yaml'
import { goInteger } from '../spec/go-values.ts'

export type GoYaml = null | boolean | bigint | number | string | readonly GoYaml[] | GoYamlMap
export type GoYamlMap = ReadonlyMap<string, GoYaml>

/** etcd's file has three levels. Deeper ones are not read. */
const MOST_LEVELS = 6
/** Larger than any configuration: protects against aliases that multiply. */
const MOST_NODES = 20_000

/** @returns the first document; an Error that says what is wrong if it isn't YAML */
export function parseGoYaml(text: string): GoYaml | Error {
  try {
    const [document] = parseAllDocuments(text.replace(/^\uFEFF/, ''), {
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: true,
      logLevel: 'error',
    })
    if (document === undefined) return null
    const [fault] = document.errors
    if (fault !== undefined) return new Error(fault.message.split('\n')[0] ?? '')
    return new Reader().read(document.contents, MOST_LEVELS)
  } catch (error) {
    // The library reached the engine's limit of recursion.
    if (error instanceof RangeError) return new Error('it is nested too deeply, or its aliases multiply')
    throw error
  }
}

class Reader {
  /** Found once, because the library would search the whole document for each. */
  readonly #anchors = new Map<string, Node>()
  #left = MOST_NODES

  read(node: unknown, levels: number): GoYaml {
    this.#left -= 1
    if (this.#left < 0) throw new RangeError('too many nodes')
    if (isAlias(node)) return levels === 0 ? null : this.read(this.#anchors.get(node.source), levels - 1)
    if (isNode(node) && node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    if (isScalar(node)) return resolveScalar(node)
    if (levels === 0) return null
    if (isSeq(node)) return node.items.map((item) => this.read(item, levels - 1))
    if (!isMap(node)) return null
    const own = new Map<string, GoYaml>()
    const merged = new Map<string, GoYaml>()
    for (const { key, value } of node.items) {
      const read = this.read(value, levels - 1)
      if (isScalar(key) && key.type === 'PLAIN' && key.value === '<<') {
        for (const one of Array.isArray(read) ? read : [read])
          if (one instanceof Map)
            for (const [name, inner] of one) if (!merged.has(name)) merged.set(name, inner)
      } else own.set(keyText(this.read(key, 0)), read)
    }
    return new Map([...merged, ...own])
  }
}

/** A key that is a number or a boolean becomes text. */
function keyText(key: GoYaml): string {
  return typeof key === 'object' ? '' : key.toString()
}

const NAMED: ReadonlyMap<string, null | boolean | number> = new Map<string, null | boolean | number>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (word): [string, boolean] => [word, true],
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word): [string, boolean] => [word, false],
  ),
  ...['', '~', 'null', 'Null', 'NULL'].map((word): [string, null] => [word, null]),
])
const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/

function resolveScalar(scalar: Scalar): GoYaml {
  const text = typeof scalar.value === 'string' ? scalar.value : ''
  const isText = scalar.type !== undefined && scalar.type !== 'PLAIN'
  if (isText || scalar.tag === 'tag:yaml.org,2002:str' || scalar.tag === '!') return text
  const named = NAMED.get(text)
  if (named !== undefined) return named
  if (!/^[-+.\d]/.test(text)) return text
  const plain = text.replaceAll('_', '')
  const integer = text.startsWith('.') ? undefined : (goInteger(plain) ?? goInteger(plain, 65))
  if (integer !== undefined && (integer >= 0n || goInteger(plain) !== undefined)) return integer
  return FLOAT.test(plain) ? Number(plain) : text
}
