/** The lab's bridge on this workstation. It never takes over a network that is in use. */
import { QuorateError } from '../errors.ts'
import { type WantedAddresses, routeAddresses, sharedNetworks } from './addresses.ts'
import { run, tool } from './tool.ts'

/**
 * Makes the bridge with the workstation's address in each of the lab's networks, and routes the machines' addresses to
 * it. Keeps what exists already.
 *
 * @throws `lab` if a network of the lab is public, or if an address is in use on this workstation.
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

/** Attaches an interface to the bridge; does nothing if it is attached. */
export async function attachToBridge(name: string, bridge: string): Promise<void> {
  await tool(['ip', 'link', 'set', name, 'master', bridge, 'up'])
}

/** Removes an interface; does nothing if it doesn't exist. */
export async function removeInterface(name: string): Promise<void> {
  if (!(await interfaceExists(name))) return
  const { exitCode, stderr } = await run(['ip', 'link', 'delete', name])
  // A veth also disappears once the namespace of its other end is gone.
  if (exitCode !== 0 && (await interfaceExists(name))) {
    throw new QuorateError('lab', `can't remove the network interface ${name}: ${stderr.trim()}`)
  }
}

export async function interfaceExists(name: string): Promise<boolean> {
  return (await run(['ip', 'link', 'show', name])).exitCode === 0
}
