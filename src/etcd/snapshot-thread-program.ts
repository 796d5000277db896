/**
 * The program of the thread that reads snapshots. In a checkout, it is a file. `script/build.mjs` replaces this module
 * with the bundled text of that file, so that quorate as one file has it too.
 */
export const program: string | URL = new URL('./snapshot-thread-main.ts', import.meta.url)
