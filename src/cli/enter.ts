/**
 * Loaded by `start.ts`. Runs the program with compiled code from the cache. The program is one CommonJS file, which
 * loads faster than many files, and faster than ES modules (script/build.mjs).
 */
import { enableCompileCache } from 'node:module'
import path from 'node:path'
import { compileCacheDirectory } from '../files/cache-directory.ts'
import { loadCompiled } from './compiled.ts'

const folder = compileCacheDirectory(process.env)
// For modules next to the program.
if (folder !== undefined) enableCompileCache(folder)

/** `main.ts` after the build. */
const file = path.resolve(import.meta.dirname, '../quorate.cjs')
const command = process.argv.slice(2).find((word) => /^[a-z][a-z-]*$/.test(word)) ?? ''
const program = loadCompiled(file, folder, command) as typeof import('./main.ts')
program.main()
