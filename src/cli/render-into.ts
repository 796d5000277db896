/** What `restore --into` is about to write, for people and as JSON. */
import type { IntoPreview, IntoValue } from '../verbs/restore/bootstrap-preview.ts'
import { signedBy } from './render-signers.ts'
import type { CliContext } from './context.ts'
import type { IntoLine } from './output/lines.ts'

export function renderIntoPreview(preview: IntoPreview, colors: CliContext['colors']): string {
  const { file, written, values, cas } = preview
  const title = written
    ? `${file} will be written from the backup, and the CA next to it`
    : `${file} exists and stays; the CA of the backup is put next to it, if there is none`
  const differing = values.length === 0 ? ['  the cluster file here says what the backup says'] : []
  return [
    colors.bold(title),
    `  ${signedBy(preview.signer, colors)}`,
    ...(written ? [] : differing),
    ...values.map((value) => `  ${value.grave ? colors.yellow('!') : ' '} ${line(value, written)}`),
    ...cas.map(({ fingerprint, subject, notAfter, known }) => {
      const whose = known ? 'the CA here' : colors.yellow('a CA that is not here')
      return `  ${known ? ' ' : colors.yellow('!')} CA ${fingerprint}, ${whose} (${subject}, until ${notAfter.slice(0, 10)})`
    }),
    '',
  ].join('\n')
}

function line({ path, bundle, here }: IntoValue, written: boolean): string {
  if (written) return `${path}: ${bundle ?? '-'}`
  return `${path}: ${here ?? 'nothing'} here, ${bundle ?? 'nothing'} in the backup`
}

export function intoJson(preview: IntoPreview): IntoLine {
  return { type: 'into', ...preview, signer: preview.signer ?? null }
}
