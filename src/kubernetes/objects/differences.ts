/**
 * Whether an object is as quorate wants it: it has each wanted field with its value, and lists have no other items.
 * Fields that the API or others added are ignored. Pure.
 */
import type { ApiObject } from '../api-objects.ts'

/** The differing paths: `spec.template.spec.containers.0.image`; empty: none. */
export function differences(wanted: ApiObject, live: unknown): readonly string[] {
  return compare(wanted, live, '')
}

function compare(wanted: unknown, live: unknown, at: string): readonly string[] {
  if (wanted === undefined) return []
  const below = (key: string): string => (at === '' ? key : `${at}.${key}`)
  if (Array.isArray(wanted)) {
    if (!Array.isArray(live)) return wanted.length === 0 && live === undefined ? [] : [at]
    if (live.length !== wanted.length) return [at]
    return wanted.flatMap((one, index) => compare(one, live[index], below(String(index))))
  }
  if (isObject(wanted)) {
    // The API drops empty objects.
    if (live === undefined && Object.keys(wanted).length === 0) return []
    if (!isObject(live)) return [at]
    return Object.entries(wanted).flatMap(([key, value]) =>
      compare(value, Object.hasOwn(live, key) ? live[key] : undefined, below(key)),
    )
  }
  return wanted === live ? [] : [at]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
