/** Content that is sent to a node: large files first, unchanged, then everything small as a tar archive. */
import { stat } from 'node:fs/promises'
import { pack } from 'tar-stream'
import { type InputFile, readPieces } from '../ssh/input-file.ts'

/** Content that is sent to a node: text, or a file of the workstation, with its SHA-256 (hex) and size if known. */
export type Content =
  | { readonly text: string }
  | { readonly file: string; readonly sha256?: string | undefined; readonly sizeBytes?: number | undefined }

/** What is sent to a node with a step, by the names that the step's operations use. */
export type Contents = Readonly<Record<string, Content>>

export interface Parcel {
  /** For the agent's operation of that name. */
  readonly receive: Receive
  readonly input: AsyncIterable<Uint8Array> | InputFile
}

/** Whether there are texts, and the sizes of the files in bytes. */
export type Receive = { readonly texts: 'yes' | 'no'; readonly sizes: readonly string[] }

/** The names under which contents arrive, in their order: texts are `t0`, `t1` …, files `f0`, `f1` …. */
export function contentNames(contents: readonly Content[]): readonly string[] {
  let texts = 0
  let files = 0
  return contents.map((content) => {
    if ('file' in content) {
      files += 1
      return `f${files - 1}`
    }
    texts += 1
    return `t${texts - 1}`
  })
}

/** @param onRead how many bytes were sent, if it is a single file */
export async function makeParcel(
  contents: readonly Content[],
  onRead?: (bytes: number) => void,
): Promise<Parcel> {
  const files = contents.flatMap((content) => ('file' in content ? [content.file] : []))
  const texts = contents.flatMap((content) => ('text' in content ? [content.text] : []))
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
  const receive: Receive = { texts: texts.length > 0 ? 'yes' : 'no', sizes: sizes.map(String) }
  const [alone, ...others] = files
  if (alone !== undefined && others.length === 0 && texts.length === 0)
    return { receive, input: { file: alone, onRead } }
  const pieces = async function* () {
    for (const [index, file] of files.entries()) yield* readWhole(file, sizes[index] ?? 0)
    if (texts.length > 0) yield* archive(texts)
  }
  return { receive, input: pieces() }
}

/** @throws Error if the file is shorter than announced: the following content would be read as its end. */
async function* readWhole(file: string, size: number): AsyncGenerator<Uint8Array> {
  let sent = 0
  for await (const piece of readPieces(file, size)) {
    sent += piece.length
    yield piece
  }
  if (sent < size) throw new Error(`${file} was truncated while it was sent`)
}

async function* archive(texts: readonly string[]): AsyncGenerator<Buffer> {
  const tar = pack()
  for (const [index, text] of texts.entries()) tar.entry({ name: `t${index}`, mode: 0o600 }, text)
  tar.finalize()
  yield* tar as AsyncIterable<Buffer>
}
