/** Tables of names, sorted by kind: `kind: name name`, a kind a paragraph. */

/** Each name with its kind. */
export function nameTable<Kind extends string>(text: string): ReadonlyMap<string, Kind> {
  const paragraphs = text.matchAll(/^(\w+):((?:\s+[\w-]+(?!:)\b)*)$/gm)
  return new Map(
    [...paragraphs].flatMap(([, kind, names = '']) =>
      names
        .trim()
        .split(/\s+/)
        .map((name) => [name, kind as Kind] as const),
    ),
  )
}
