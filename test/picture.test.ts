/** The picture in README: drawn from the recording in the repository, with nothing but text and colors in it. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { drawRecording, recordedOutput } from '../script/terminal-svg.ts'
import { UNCHANGED } from '../src/cli/unchanged.ts'

const IMAGES = path.resolve(import.meta.dirname, '../docs/images')

test('the picture is what script/picture draws from the recording: else run script/picture', async () => {
  const recording = await readFile(path.join(IMAGES, 'apply.cast'), 'utf8')
  expect(await readFile(path.join(IMAGES, 'apply.svg'), 'utf8')).toBe(await drawRecording(recording))
})

test('it shows a whole run: an apply that ends, a second one without changes, a healthy cluster', async () => {
  const picture = await readFile(path.join(IMAGES, 'apply.svg'), 'utf8')
  const texts = [...picture.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text)
  expect(texts.filter((text) => text?.startsWith('quorate '))).toHaveLength(3)
  expect(texts.join('\n')).toMatch(new RegExp(`\\ndone: \\d+ steps in [^]*\\n${UNCHANGED}\\n[^]* is healthy`))
})

test("the output that README shows is the recording's: else run script/picture", async () => {
  const readme = await readFile(path.join(IMAGES, '../../README.md'), 'utf8')
  const output = await recordedOutput(await readFile(path.join(IMAGES, 'apply.cast'), 'utf8'))
  const [, status] = /<!-- status -->\n```text\n(.*?)\n```\n<!-- \/status -->/s.exec(readme) ?? []
  expect(status?.split('\n')).toEqual(output.get('quorate status'))
  const [, block = ''] = /^```console\n(.*?)^```/ms.exec(readme) ?? []
  const shown = block.split('\n').filter((line) => line !== '' && !line.startsWith('$ '))
  expect(shown).toEqual([output.get('quorate apply --yes')?.at(-1), output.get('quorate apply')?.at(-1)])
})

test('it is drawn for light and dark, without a script, a link or a font from elsewhere', async () => {
  const picture = await readFile(path.join(IMAGES, 'apply.svg'), 'utf8')
  expect(picture).toContain('prefers-color-scheme: dark')
  expect(picture).not.toMatch(/<script|href|@import|@font-face|url\(/)
  expect(picture).not.toContain('\u001B')
})

test('lines that a terminal draws over are not in the picture, and what looks like markup is text', async () => {
  const lines = [
    { version: 2, width: 40, height: 5, title: 'a < b' },
    [0, 'm', 'run <it>'],
    [0, 'o', 'one moving line\r\n\u001B[1A\u001B[0J\u001B[32mdone\u001B[39m & \u001B[1mbold\u001B[22m\r\n'],
  ]
  const picture = await drawRecording(lines.map((line) => JSON.stringify(line)).join('\n'))
  expect(picture).not.toContain('moving')
  expect(picture).toContain('<title id="title">a &lt; b</title>')
  expect(picture).toContain('>run &lt;it&gt;</text>')
  expect(picture).toMatch(/class="c2">done<\/text>\n.*textLength="8">&amp;<\/text>\n.*class="b">bold<\/text>/)
})

test('a long output is cut in its middle, with the number of lines that are left out', async () => {
  const output = Array.from({ length: 100 }, (_, index) => `line ${index}\r\n`).join('')
  const lines = [{ version: 2, width: 40, height: 5, title: 'long' }, [0, 'm', 'run'], [0, 'o', output]]
  const picture = await drawRecording(lines.map((line) => JSON.stringify(line)).join('\n'))
  const shown = picture.match(/>line \d+</g)?.length ?? 0
  expect(picture).toContain(`⋯ ${100 - shown} more lines ⋯`)
  expect(picture).toContain('>line 0<')
  expect(picture).toContain('>line 99<')
})
