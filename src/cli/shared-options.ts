/** Options that every command has. */
import { Option } from 'commander'

export function sharedOptions(): Option[] {
  return [
    new Option('-f, --file <file>', 'the cluster file').default('cluster.yaml'),
    new Option('--json', 'print JSON instead of text'),
    new Option('-v, --verbose', 'say more'),
    new Option('-y, --yes', 'answer every question with yes'),
    new Option('--no-color', 'no colours (nor where the output is no terminal, or NO_COLOR is set)'),
    new Option('--sudo-password-file <file>', "the first line is sudo's password on the machines"),
    new Option('--passphrase-file <file>', "the first line is the passphrase of the CA's key"),
  ]
}

/** The shared options of a command line, by what they mean. */
export function readSharedOptions(options: Readonly<Record<string, unknown>>) {
  const text = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined)
  return {
    file: text('file') ?? 'cluster.yaml',
    json: options['json'] === true,
    verbose: options['verbose'] === true,
    yes: options['yes'] === true,
    color: options['color'] !== false,
    sudoPasswordFile: text('sudoPasswordFile'),
    passphraseFile: text('passphraseFile'),
  }
}
