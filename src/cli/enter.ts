/**
 * Loaded by `start.ts`. Runs the program with compiled code from the cache. The program is one CommonJS file, which is
 * found, read and linked sooner than many files, and than modules (script/build.mjs).
 */
import { enableCompileCache } from 'node:module'
import path from 'node:path'
import { compileCacheDirectory } from '../files/cache-directory.ts'
import { loadCompiled } from './compiled.ts'

const folder = compileCacheDirectory(process.env)
// For what lies beside the program.
if (folder !== undefined) enableCompileCache(folder)

/** `main.ts`, once it is built. */
const file = path.resolve(import.meta.dirname, '../quorate.cjs')
const command = process.argv.slice(2).find((word) => /^[a-z][a-z-]*$/.test(word)) ?? ''
const program = loadCompiled(file, folder, command) as typeof import('./main.ts')
program.main()
