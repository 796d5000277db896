/** Writing at a file's end, so far. */
import type { FileHandle } from 'node:fs/promises'

/** In one go where the disk takes it in one: `FileHandle.writeFile` goes to another thread and back for each half MiB. */
export async function writeWhole(handle: FileHandle, data: Uint8Array): Promise<void> {
  let written = 0
  while (written < data.length) {
    const { bytesWritten } = await handle.write(data, written)
    written += bytesWritten
  }
}
