/**
 * What `start.ts` goes on to: has Node.js keep the program's compiled code, and runs it. The program is one CommonJS file, which
 * is found, read and linked sooner than many files, and than modules (script/build.mjs).
 */
import { createRequire, enableCompileCache } from 'node:module'
import { compileCacheDirectory } from '../files/cache-directory.ts'

const compiled = compileCacheDirectory(process.env)
if (compiled !== undefined) enableCompileCache(compiled)

/** `main.ts`, once it is built. */
const program = createRequire(import.meta.url)('../quorate.cjs') as typeof import('./main.ts')
program.main()
