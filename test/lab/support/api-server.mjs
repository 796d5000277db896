// An API server as a load balancer sees one: /readyz and everything else over TLS. Ends in order on SIGTERM, as kube-apiserver
// does: /readyz fails, no new connection is taken once the balancer has seen that, and what it began it answers. On SIGUSR2 it
// loses its etcd. /watch is answered with a first line, and has no end.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const [name, folder, graceMs] = process.argv.slice(2)
let failing = ''
const server = createServer(
  { cert: readFileSync(`${folder}/${name}.crt`), key: readFileSync(`${folder}/${name}.key`) },
  (request, response) => {
    const healthy = failing === '' || request.url !== '/readyz'
    response.writeHead(healthy ? 200 : 500, { connection: 'close' })
    const text = healthy ? name : `[+]ping ok\n[-]${failing} failed: reason withheld\n`
    if (request.url === '/watch') response.write(text)
    else response.end(text)
  },
)
server.listen(6443, '0.0.0.0', () => console.log('ready'))
process.on('SIGTERM', () => {
  failing = 'shutdown'
  setTimeout(() => server.close(() => process.exit(0)), Number(graceMs))
})
process.on('SIGUSR2', () => (failing = 'etcd'))
