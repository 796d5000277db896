/**
 * The part of the global `Headers` that Connect uses, for the bundle (script/build.mjs). On the first use of the global
 * one, Node.js loads all of fetch(), which quorate doesn't need. That takes 7 % of the processor time of a second
 * apply.
 */

type Pair = readonly [name: string, value: string]

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** As in HTTP: names are lower case and sorted; values of one name are joined with commas. */
export class Headers {
  readonly #values = new Map<string, string>()

  constructor(init: Iterable<Pair> | Readonly<Record<string, string>> = {}) {
    const pairs = Symbol.iterator in init ? init : Object.entries(init)
    for (const [name, value] of pairs) this.append(name, value)
  }

  append(name: string, value: string): void {
    const before = this.get(name)
    this.set(name, before === null ? value : `${before}, ${cleaned(value)}`)
  }

  /** @throws TypeError if it can't be sent */
  set(name: string, value: string): void {
    this.#values.set(key(name), cleaned(value))
  }

  get(name: string): string | null {
    return this.#values.get(key(name)) ?? null
  }

  has(name: string): boolean {
    return this.#values.has(key(name))
  }

  delete(name: string): void {
    this.#values.delete(key(name))
  }

  forEach(visit: (value: string, name: string, headers: this) => void): void {
    for (const [name, value] of this) visit(value, name, this)
  }

  *entries(): IterableIterator<[name: string, value: string]> {
    yield* [...this.#values].toSorted(([a], [b]) => (a < b ? -1 : 1))
  }

  [Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    return this.entries()
  }
}

function key(name: string): string {
  if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is not the name of a header`)
  return name.toLowerCase()
}

function cleaned(value: string): string {
  const text = value.replaceAll(/^[\t\n\r ]+|[\t\n\r ]+$/g, '')
  if (/[\0\n\r\u0100-\uFFFF]/.test(text))
    throw new TypeError('a header has no line ends in it, and nothing beyond Latin-1')
  return text
}
