/** Bytes as JSON has them: text where it is text, and base64 where it is not. */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text that these bytes are, to the byte; undefined: they are none. */
export function asText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch (error) {
    // What `fatal` throws; anything else is no word on these bytes.
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** One of two fields, `key` or `keyBase64`: only one of them is ever there. */
export function bytesField(name: string, bytes: Uint8Array): Readonly<Record<string, string>> {
  const text = asText(bytes)
  return text === undefined ? { [`${name}Base64`]: Buffer.from(bytes).toString('base64') } : { [name]: text }
}

/** A JSON text that does nothing to a terminal: JSON itself leaves DEL and the C1 controls as they are. */
export function harmless(json: string): string {
  return json.replaceAll(
    // oxlint-disable-next-line no-control-regex -- those are what is looked for
    /[\u007F-\u009F]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  )
}
