/** Ports for servers that tests start on this computer. */
import { randomInt } from 'node:crypto'
import net from 'node:net'

/**
 * Below the range that Linux takes ports of outgoing connections from, and that it gives to whoever asks for any (32768 and
 * up): from there, a port can be taken between the moment it is found free and the moment its server starts.
 */
const [FIRST, LAST] = [12_000, 32_000]

/** Never twice in one process: the server that the first one is for may not listen yet. */
const given = new Set<number>()

/** @returns as many ports of the address as asked for, all free. Other processes choose at random as well. */
export async function freePorts(count: number, address = '127.0.0.1'): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const port = randomInt(FIRST, LAST)
    if (given.has(port) || !(await isFree(port, address))) continue
    given.add(port)
    ports.push(port)
  }
  return ports
}

async function isFree(port: number, address: string): Promise<boolean> {
  const server = net.createServer()
  return await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    )
    server.listen(port, address, () => server.close(() => resolve(true)))
  })
}
