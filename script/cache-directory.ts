// Prints the path of quorate's cache for scripts, and creates it if necessary. Exits with 1 and the reason if no path
// is safe.
import { cacheDirectory } from '../src/files/cache-directory.ts'

try {
  console.log(cacheDirectory(process.env))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
