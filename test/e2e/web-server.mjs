// A web server: `node web-server.mjs ADDRESS PORT`. Its page says which address served it.
import { createServer } from 'node:http'

const [address, port] = process.argv.slice(2)
const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-store' })
  response.end(`<!doctype html><title>page</title><p>${request.headers.host} served by ${address}</p>\n`)
})
server.listen(Number(port), address, () => console.log(`listening on ${server.address().port}`))
