/** Where backups are kept: a folder, or a bucket. */

export interface StoredFile {
  readonly name: string
  readonly sizeBytes: number
  readonly modifiedAt: Date
  /** Until then nobody can remove it. */
  readonly lockedUntil?: Date | undefined
}

export interface PutOptions {
  /** At most so many bytes will come: refused beforehand where there is no room. */
  readonly expectedBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** All of it throws QuorateError `store`: what can't be reached, is full, or refuses; and what is safe nevertheless. */
export interface BackupStore extends Disposable {
  /** For messages: `/srv/backups`, `s3://bucket/prefix`. Never a secret. */
  readonly title: string
  /** Complete files only, all of them, side files as well. */
  list(signal?: AbortSignal): Promise<readonly StoredFile[]>
  /**
   * Whole and durable under its name when this returns, and not there at all if it throws (also when `body` throws,
   * whose error it passes on). Never replaces a file.
   * A piece of `body` is not looked at any more when the next one is asked for: its memory may be used again.
   */
  put(
    name: string,
    body: AsyncIterable<Uint8Array>,
    options?: PutOptions,
  ): Promise<{ readonly sizeBytes: number }>
  get(
    name: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<AsyncIterable<Uint8Array>>
  /** A small file of text; an older one of that name is replaced, in one go. */
  write(name: string, text: string, signal?: AbortSignal): Promise<void>
  /** undefined: there is none. */
  read(name: string, signal?: AbortSignal): Promise<string | undefined>
  remove(name: string, signal?: AbortSignal): Promise<void>
}
