// An API server as a load balancer sees one: /readyz and everything else over TLS. Ends in order on SIGTERM, as kube-apiserver
// does: /readyz fails, no new connection is taken once the balancer has seen that, and what it began it answers.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const [name, folder, graceMs] = process.argv.slice(2)
let ready = true
const server = createServer(
  { cert: readFileSync(`${folder}/${name}.crt`), key: readFileSync(`${folder}/${name}.key`) },
  (request, response) => {
    const healthy = ready || request.url !== '/readyz'
    response.writeHead(healthy ? 200 : 500, { connection: 'close' })
    response.end(healthy ? name : '[+]ping ok\n[-]shutdown failed: reason withheld\n')
  },
)
server.listen(6443, '0.0.0.0', () => console.log('ready'))
process.on('SIGTERM', () => {
  ready = false
  setTimeout(() => server.close(() => process.exit(0)), Number(graceMs))
})
