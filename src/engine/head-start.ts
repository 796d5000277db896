/**
 * Starts work that is needed soon, while something else is awaited. The result is ignored at this point. The caller that
 * needs it asks again and gets the remembered result or error (also Ctrl-C and the end of the session).
 */
export async function headStart(work: () => Promise<unknown>): Promise<void> {
  await Promise.allSettled([work()])
}
