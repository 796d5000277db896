/**
 * The program of the thread that reads snapshots. In a checkout it is a file; script/build.mjs puts the bundled text of
 * it in the place of this module, so that quorate as one file has it too.
 */
export const program: string | URL = new URL('./snapshot-thread-main.ts', import.meta.url)
