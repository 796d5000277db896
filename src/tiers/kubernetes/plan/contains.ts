/** Whether the API has what is wanted: in addition, it has defaults, and fields of others. Pure. */

/** Every field of `wanted` is in `found`, with the same value; lists have the same length, and are compared one by one. */
export function contains(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(found) &&
      found.length === wanted.length &&
      wanted.every((one, index) => contains(found[index], one))
    )
  }
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof found !== 'object' || found === null) return Object.values(wanted).every(isNothing)
    const fields: Readonly<Record<string, unknown>> = { ...found }
    return Object.entries(wanted).every(([name, value]) =>
      Object.hasOwn(fields, name) ? contains(fields[name], value) : isNothing(value),
    )
  }
  return found === wanted
}

/** The API leaves out empty values. */
function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false || value === 0) return true
  return typeof value === 'object' && Object.values(value).every(isNothing)
}
