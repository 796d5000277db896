/** Tables of names by kind: `kind: name name`, one paragraph per kind. */

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
