/** Text as other systems write it: with a byte order mark, or as UTF-16 (what PowerShell's `>` makes). */

/** The bytes as text, without a byte order mark. UTF-16 only with its mark; everything else is read as UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(encodingOf(bytes)).decode(bytes)
}

function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
}
