// Prints quorate's cache for scripts, which is made if need be; exit code 1, with the reason, if no place is safe.
import { cacheDirectory } from '../src/files/cache-directory.ts'

try {
  console.log(cacheDirectory(process.env))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
