/**
 * Frees the memory of a buffer at once. The caller must own it alone, and no code may read it any more. If gigabytes in
 * small pieces were left to the garbage collector, it would scan the whole heap every 64 MiB.
 */
export function freeNow({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
