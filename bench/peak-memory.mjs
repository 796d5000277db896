// Preloaded into the tool by the bench: says at its end how much memory it had at most, in bytes.
import { writeFileSync } from 'node:fs'

process.on('exit', () => {
  const { BENCH_MEMORY_FILE: file } = process.env
  if (file !== undefined) writeFileSync(file, `${process.resourceUsage().maxRSS * 1024}\n`)
})
