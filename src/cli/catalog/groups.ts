/** The first words of two-word commands, with their line in the list of commands. */
import type { CommandGroup } from '../command.ts'

export const COMMAND_GROUPS: Readonly<Record<string, { summary: string; heading: CommandGroup }>> = {
  certs: { summary: 'List, issue, renew and import certificates', heading: 'Certificates' },
  member: { summary: 'Add, remove and replace members', heading: 'The cluster' },
  bundle: { summary: 'Create and verify air-gap bundles of Kubernetes', heading: 'The cluster' },
  space: { summary: 'Free space in a full cluster', heading: 'Upkeep' },
  lab: { summary: 'Run the nodes as containers on this workstation', heading: 'More' },
}
