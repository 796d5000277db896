/** Bytes in JSON: as text if they are valid text, else as base64. */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of these bytes, if it encodes to exactly the same bytes; undefined: it doesn't. */
export function asText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch (error) {
    // `fatal` throws this; any other error is not about these bytes.
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** One of two fields, `key` or `keyBase64`: only one of them is ever present. */
export function bytesField(name: string, bytes: Uint8Array): Readonly<Record<string, string>> {
  const text = asText(bytes)
  return text === undefined ? { [`${name}Base64`]: Buffer.from(bytes).toString('base64') } : { [name]: text }
}

/** A JSON text that has no effect on a terminal: JSON itself doesn't escape DEL and the C1 controls. */
export function harmless(json: string): string {
  return json.replaceAll(
    // oxlint-disable-next-line no-control-regex -- those are what is looked for
    /[\u007F-\u009F]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  )
}
