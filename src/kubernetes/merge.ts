/** Merges layers of settings: defaults, the cluster file's, and those that quorate needs. */

export type Fields = Readonly<Record<string, unknown>>

/** Fields that are objects on both sides are merged; for all others the later one counts. */
export function merged(...layers: readonly Fields[]): Fields {
  const all: Record<string, unknown> = {}
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer)) {
      const before = Object.hasOwn(all, name) ? all[name] : undefined
      const both = isFields(before) && isFields(value) ? merged(before, value) : value
      // Without assignment, because a cluster file could name a field `__proto__`.
      Object.defineProperty(all, name, { value: both, enumerable: true, configurable: true, writable: true })
    }
  }
  return all
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
