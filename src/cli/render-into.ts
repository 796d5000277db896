/** The preview of `restore --into`, for people and as JSON. */
import type { IntoPreview, IntoValue } from '../verbs/restore/bootstrap-preview.ts'
import { signedBy } from './render-signers.ts'
import type { CliContext } from './context.ts'
import type { IntoLine } from './output/lines.ts'

export function renderIntoPreview(preview: IntoPreview, colors: CliContext['colors']): string {
  const { file, written, values, cas } = preview
  const title = written
    ? `${file} will be written from the backup, and the CA next to it`
    : `${file} exists and stays; the CA of the backup will be written next to it, if there is none`
  const differing = values.length === 0 ? ['  the cluster file is equal to the one in the backup'] : []
  return [
    colors.bold(title),
    `  ${signedBy(preview.signer, colors)}`,
    ...(written ? [] : differing),
    ...values.map((value) => `  ${value.grave ? colors.yellow('!') : ' '} ${line(value, written)}`),
    ...cas.map(({ fingerprint, subject, notAfter, known }) => {
      const whose = known ? 'the current CA' : colors.yellow('a CA that is not in the state directory')
      return `  ${known ? ' ' : colors.yellow('!')} CA ${fingerprint}, ${whose} (${subject}, until ${notAfter.slice(0, 10)})`
    }),
    '',
  ].join('\n')
}

function line({ path, bundle, here }: IntoValue, written: boolean): string {
  if (written) return `${path}: ${bundle ?? '-'}`
  return `${path}: ${here ?? 'nothing'} in the file, ${bundle ?? 'nothing'} in the backup`
}

export function intoJson(preview: IntoPreview): IntoLine {
  return { type: 'into', ...preview, signer: preview.signer ?? null }
}
