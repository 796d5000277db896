/** The lab's bridge on this computer, and the care that it takes nobody's network. */
import { QuorateError } from '../errors.ts'
import { type WantedAddresses, routeAddresses, sharedNetworks } from './addresses.ts'
import { run, tool } from './tool.ts'

/**
 * Makes the bridge, with this computer's address in each of the lab's networks, and leads the machines' addresses there.
 * What stands already stays.
 *
 * @throws `lab` if a network of the lab is public, or an address of it is in use on this computer.
 */
export async function ensureBridge(bridge: string, wanted: WantedAddresses): Promise<void> {
  const shared = await sharedNetworks(bridge, wanted)
  if (!(await interfaceExists(bridge))) {
    await tool([
      'ip',
      'link',
      'add',
      bridge,
      'type',
      'bridge',
      'stp_state',
      '0',
      'forward_delay',
      '0',
      'mcast_snooping',
      '0',
    ])
  }
  await tool(['ip', 'link', 'set', bridge, 'up'])
  await routeAddresses(bridge, wanted, shared)
}

/** Plugs an interface into the bridge; one that is plugged in stays so. */
export async function attachToBridge(name: string, bridge: string): Promise<void> {
  await tool(['ip', 'link', 'set', name, 'master', bridge, 'up'])
}

/** Removes an interface; one that is not there is none to remove. */
export async function removeInterface(name: string): Promise<void> {
  if (!(await interfaceExists(name))) return
  const { exitCode, stderr } = await run(['ip', 'link', 'delete', name])
  // A veth also goes by itself, once the namespace of its other end is gone.
  if (exitCode !== 0 && (await interfaceExists(name))) {
    throw new QuorateError('lab', `can't remove the network interface ${name}: ${stderr.trim()}`)
  }
}

export async function interfaceExists(name: string): Promise<boolean> {
  return (await run(['ip', 'link', 'show', name])).exitCode === 0
}
