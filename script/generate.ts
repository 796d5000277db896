// npm run generate: writes all checked-in files that are generated from the code; test/generated.test.ts reports stale
// ones.
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { GENERATED_DIRECTORIES, generatedFiles } from './reference/generated.ts'

const root = path.resolve(import.meta.dirname, '..')
const files = await generatedFiles()
for (const directory of GENERATED_DIRECTORIES) {
  for (const file of globSync(`${directory}/*`, { cwd: root }))
    if (!files.has(file)) rmSync(path.join(root, file))
}
for (const [file, content] of files) {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
  writeFileSync(path.join(root, file), content)
}
