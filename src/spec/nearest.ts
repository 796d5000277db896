/** Finds the known word that a mistyped one was most likely supposed to be. */

/** The most similar of `words`; undefined: none is similar. `identity_file` and `identityFlie` find `identityFile`. */
export function nearest(word: string, words: Iterable<string>): string | undefined {
  const wanted = plain(word)
  let best: string | undefined
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of words) {
    const distance = editDistance(wanted, plain(candidate), least)
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[-_ ]/g, '')
}

/** Insertions, deletions, replacements, and swaps of neighbors (optimal string alignment). Stops at `most`. */
function editDistance(a: string, b: string, most: number): number {
  // Words with such different lengths are never similar, and a very long one would take time.
  if (Math.abs(a.length - b.length) >= Math.min(most, 9)) return most
  let twoUp: number[] = []
  let up = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row++) {
    const line = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(up[column]! + 1, line[column - 1]! + 1, up[column - 1]! + (same ? 0 : 1))
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, twoUp[column - 2]! + 1)
      }
      line.push(cost)
    }
    // Each row is computed from the two above it, so the distance can't get below what both have reached.
    if (Math.min(...line) >= most && Math.min(...up) >= most) return most
    twoUp = up
    up = line
  }
  return up[b.length]!
}
