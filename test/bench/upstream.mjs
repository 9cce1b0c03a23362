// What becomes of queries when the first of two upstreams is in trouble, over HTTP/2 to real servers in a process of
// their own.
//   npm run bench
// The second upstream is healthy and answers after 10 ms. Each trouble begins with the first query: nothing is known of
// either upstream then, which is the worst case.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:net'
import { buildQuery } from '../../dist/dns/build-query.js'
import { parseQuery } from '../../dist/dns/query.js'
import { runtimeTimer } from '../../dist/namecoin/deadline.js'
import { unboundedSlots } from '../../dist/namecoin/slots.js'
import { PERMITTED } from '../../dist/node/local-ca.js'
import { nodeUpstreams } from '../../dist/node/upstreams.js'
import { makeCa, makeServerCertificate } from '../../dist/node/x509.js'
import { secureRandom } from '../../dist/random.js'
import { forwarder } from '../../dist/upstream/forward.js'

const QUERIES = 1_000
const AT_ONCE = 20
const USUAL_MS = 10
const SLOW_MS = 1_000
/** What is waited for an upstream that nothing is known of. */
const HEDGE_DELAY_MS = 300
const DEADLINE_MS = 4_500

const DNS_MESSAGE = 'application/dns-message'

/** The query with QR and RA, and one address. */
function answerTo(query) {
  let end = 12
  while (query[end] !== 0) end += query[end] + 1
  const question = query.subarray(0, end + 5)
  const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1]
  const reply = Buffer.concat([question, Buffer.from(record)])
  reply.set([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], 2)
  return reply
}

const BEHAVIOURS = {
  healthy: (query, reply) => setTimeout(() => reply(answerTo(query)), USUAL_MS),
  hanging: () => {},
  'slow, 1 s': (query, reply) => setTimeout(() => reply(answerTo(query)), SLOW_MS),
  garbage: (_query, reply) => reply(Buffer.from('no DNS message')),
}

async function serve({ cert, key }) {
  const ports = {}
  const listen = async (name, server) => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    ports[name] = server.address().port
  }
  for (const [name, behave] of Object.entries(BEHAVIOURS)) {
    const server = createSecureServer({ cert, key })
    server.on('stream', (stream) => {
      const chunks = []
      stream.on('error', () => {})
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', () =>
        behave(Buffer.concat(chunks), (reply) => {
          if (stream.destroyed) return
          stream.respond({ ':status': 200, 'content-type': DNS_MESSAGE })
          stream.end(reply)
        }),
      )
    })
    await listen(name, server)
  }
  await listen('no handshake', createServer())
  const gone = createServer()
  await listen('dead', gone)
  gone.close()
  process.send(ports)
}

const random = secureRandom((lot) => crypto.getRandomValues(lot))
const queryFor = (label) =>
  parseQuery(buildQuery({ name: [label, 'example'], type: 1, dnssecOk: false, checkingDisabled: false }))
    .query

function openForwarder(upstreams, transport) {
  return forwarder({
    upstreams,
    spread: 'first',
    transport,
    onChange: () => {},
    now: () => performance.now(),
    timer: runtimeTimer,
    random,
    slots: unboundedSlots,
  })
}

async function run(upstreams, ca) {
  const [, second] = upstreams
  const real = nodeUpstreams({ ca })
  let extra = 0
  const forward = openForwarder(upstreams, {
    exchange(upstream, message, signal) {
      if (upstream.url === second) extra += 1
      return real.exchange(upstream, message, signal)
    },
  })
  const times = []
  let lost = 0
  let next = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < QUERIES) {
        const query = queryFor(`n${next++}`)
        const began = performance.now()
        const { kind } = await forward(query, AbortSignal.timeout(DEADLINE_MS))
        if (kind === 'answer') times.push(performance.now() - began)
        else lost += 1
      }
    }),
  )
  real.close()
  times.sort((a, b) => a - b)
  return {
    lost,
    p50: times[times.length >> 1],
    p99: times[Math.floor(times.length * 0.99)],
    most: times.at(-1),
    extra,
  }
}

/** CPU of forwarding alone: an upstream that answers at once. */
async function forwardingCost() {
  const query = queryFor('cost')
  const transport = {
    exchange: (_upstream, message) => Promise.resolve({ kind: 'reply', message: answerTo(message) }),
  }
  const forward = openForwarder(['https://a.example/', 'https://b.example/'], transport)
  const signal = new AbortController().signal
  const rounds = []
  for (let round = 0; round < 10; round++) {
    const start = process.cpuUsage()
    for (let call = 0; call < 20_000; call++) await forward(query, signal)
    const { user, system } = process.cpuUsage(start)
    rounds.push((user + system) / 20_000)
  }
  return rounds.sort((a, b) => a - b)[rounds.length >> 1]
}

if (process.argv[2] === 'serve') {
  process.once('message', serve)
} else {
  const day = 86_400_000
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) }
  const ca = makeCa('bitdoh benchmark', PERMITTED, validity)
  const servers = fork(import.meta.filename, ['serve'])
  servers.send(makeServerCertificate(ca, ['localhost'], validity))
  const [ports] = await once(servers, 'message')
  const url = (name) => `https://localhost:${ports[name]}/dns-query`
  console.log(`Node ${process.version}; ${QUERIES} queries, ${AT_ONCE} at once; the first upstream is`)
  console.log(`${'milliseconds'.padEnd(16)}    lost     p50     p99    most   asked of the second`)
  const troubles = ['healthy', 'dead', 'no handshake', 'hanging', 'slow, 1 s', 'garbage']
  let bound = Number.POSITIVE_INFINITY
  try {
    for (const trouble of troubles) {
      const { lost, extra, ...times } = await run([url(trouble), `${url('healthy')}?second`], ca.cert)
      if (trouble === 'healthy') bound = times.p99 + HEDGE_DELAY_MS
      const holds = lost === 0 && times.p99 <= bound
      if (!holds) process.exitCode = 1
      const figures = [times.p50, times.p99, times.most].map((time) => time.toFixed(1).padStart(7)).join(' ')
      const verdict = holds ? '' : `   beyond ${bound.toFixed(1)}`
      console.log(
        `${trouble.padEnd(16)} ${String(lost).padStart(7)} ${figures}   ${String(extra).padStart(6)}${verdict}`,
      )
    }
  } finally {
    servers.kill()
  }
  console.log(`forwarding a query, without the network: ${(await forwardingCost()).toFixed(1)} µs of CPU`)
}
