/** What the first words of two-word commands stand for. */
import type { CommandGroup } from '../command.ts'

export const COMMAND_GROUPS: Readonly<Record<string, { summary: string; heading: CommandGroup }>> = {
  certs: { summary: 'list, issue, request and import certificates', heading: 'Certificates' },
  member: { summary: 'add, remove and replace members', heading: 'The cluster' },
  bundle: { summary: 'make and verify air-gap bundles of Kubernetes', heading: 'The cluster' },
  lab: { summary: "the file's machines as containers on this computer", heading: 'More' },
}
