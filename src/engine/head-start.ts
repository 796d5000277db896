/**
 * Work that is wanted soon, begun while we wait for something else. Its outcome is nobody's here: whoever wants it asks
 * for it again, and what went wrong (Ctrl-C and the end of the session as well) is remembered, and told to them.
 */
export async function headStart(work: () => Promise<unknown>): Promise<void> {
  await Promise.allSettled([work()])
}
