/** Backup locations: a directory, or a bucket. */

export interface StoredFile {
  readonly name: string
  readonly sizeBytes: number
  readonly modifiedAt: Date
  /** It can't be removed until then. */
  readonly lockedUntil?: Date | undefined
}

export interface PutOptions {
  /** The maximum number of bytes: refused in advance if there is not enough space. */
  readonly expectedBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * All methods throw QuorateError `store` if the location is unreachable, full, or refuses the request; the message says
 * what is still safe.
 */
export interface BackupStore extends Disposable {
  /** For messages: `/srv/backups`, `s3://bucket/prefix`. Never a secret. */
  readonly title: string
  /** All complete files, including side files. */
  list(signal?: AbortSignal): Promise<readonly StoredFile[]>
  /**
   * Stores a file that is complete and durable under its name when this returns. If it throws, the file doesn't exist;
   * an error of `body` is passed on. Never replaces a file. A piece of `body` is not used after the next one was
   * requested: its memory may be reused.
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
  /** A small text file; atomically replaces an older one of that name. */
  write(name: string, text: string, signal?: AbortSignal): Promise<void>
  /** undefined: it doesn't exist. */
  read(name: string, signal?: AbortSignal): Promise<string | undefined>
  remove(name: string, signal?: AbortSignal): Promise<void>
}
