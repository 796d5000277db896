/** Settings laid over each other: defaults, what the cluster file says, and what quorate needs. */

export type Fields = Readonly<Record<string, unknown>>

/** Of fields that are objects on both sides each field is merged; of anything else the later one counts. */
export function merged(...layers: readonly Fields[]): Fields {
  const all: Record<string, unknown> = {}
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer)) {
      const before = Object.hasOwn(all, name) ? all[name] : undefined
      const both = isFields(before) && isFields(value) ? merged(before, value) : value
      // Not by assignment: a cluster file may well name a field `__proto__`.
      Object.defineProperty(all, name, { value: both, enumerable: true, configurable: true, writable: true })
    }
  }
  return all
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
