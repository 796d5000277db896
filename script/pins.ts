// npm run pins: how many sentences each test pins; with words: those in files whose path contains one of these.
import { allPins } from '../test/pins/pins.ts'

const parts = process.argv.slice(2)
const pins = allPins()
for (const { file, line, words } of pins)
  if (parts.some((part) => file.includes(part))) console.log(`${file}:${line} ${words}`)
if (parts.length === 0)
  for (const [file, group] of Map.groupBy(pins, ({ file: own }) => own))
    console.log(`${String(group.length).padStart(5)} ${file}`)
