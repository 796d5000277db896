import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import ground from '../host/agent/ground.sh?raw'
import places from '../host/places.sh?raw'
import { runProcess } from '../ssh/process.ts'
import rehearse from './rehearse.sh?raw'

test('if a link is at the path of the trial, nothing is written or removed behind it', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'quorate-rehearse-'))
  try {
    const [open, victim] = [path.join(folder, 'open'), path.join(folder, 'victim')]
    await Promise.all([mkdir(open), mkdir(victim)])
    await writeFile(path.join(victim, 'run'), 'precious')
    // A predictable name, because it contains the process ID.
    const script = `set -u\n${places}${ground}${rehearse}
      ln -s "$2" "$1/.quorate-preflight.$$"
      rehearse_places "write:$1/below"
      echo "left: $(ls -A "$2")"`
    const { stdout, stderr } = await runProcess('sh', ['-c', script, 'sh', open, victim])
    expect({ stdout, stderr }).toEqual({ stdout: 'left: run\n', stderr: '' })
    expect(await readFile(path.join(victim, 'run'), 'utf8')).toBe('precious')
    expect((await readdir(open)).length).toBe(1)
  } finally {
    await rm(folder, { recursive: true })
  }
})
