/** Ports for servers that tests start on this host. */
import { randomInt } from 'node:crypto'
import net from 'node:net'

/**
 * Below the range from which Linux takes ports for outgoing connections and for bind to any port (32768 and up): in
 * that range, a port can be taken between the check and the start of its server.
 */
const [FIRST, LAST] = [12_000, 32_000]

/** Never twice in one process: the first server may not listen yet. */
const given = new Set<number>()

/** @returns this many free ports of the address. Other processes choose at random as well. */
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
