/** Appends to a file. */
import type { FileHandle } from 'node:fs/promises'

/** In one write if the disk accepts it: `FileHandle.writeFile` switches to another thread and back for each 512 KiB. */
export async function writeWhole(handle: FileHandle, data: Uint8Array): Promise<void> {
  let written = 0
  while (written < data.length) {
    const { bytesWritten } = await handle.write(data, written)
    written += bytesWritten
  }
}
