// What an answer from the cache costs: each step by itself, and a whole request through the real server.
//   npm run bench
// Figures of different machines, or of a busy one, cannot be compared; ratios between lines of one run can.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildQuery } from '../../dist/dns/build-query.js'
import { respond } from '../../dist/dns/patch.js'
import { cacheKey, parseQuery } from '../../dist/dns/query.js'
import { sharedFlights } from '../../dist/flights.js'
import { createGateway } from '../../dist/gateway.js'
import { createFastPath } from '../../dist/http/fast-path.js'
import { silentLog } from '../../dist/log.js'
import { runtimeTimer } from '../../dist/namecoin/deadline.js'
import { demoNames } from '../../dist/namecoin/demo.js'
import { namesSource } from '../../dist/namecoin/names.js'
import { unboundedSlots } from '../../dist/namecoin/slots.js'

const ROUNDS = 9
const CALLS = 100_000

/** Nanoseconds of CPU a call, the median of several rounds: wall time would count what else the machine does. */
function nanoseconds(work) {
  for (let call = 0; call < CALLS; call++) work()
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = process.cpuUsage()
    for (let call = 0; call < CALLS; call++) work()
    const { user, system } = process.cpuUsage(start)
    return ((user + system) * 1000) / CALLS
  })
  return Math.round(rounds.sort((a, b) => a - b)[ROUNDS >> 1])
}

const line = (what, figure, unit) => console.log(`${what.padEnd(58)} ${String(figure).padStart(8)} ${unit}`)

const gateway = createGateway(
  { upstream: [], privateAnswers: 'allow', cacheEntries: 1_000 },
  namesSource(demoNames()),
  {
    now: () => performance.now(),
    wallClock: Date.now,
    timeout: (milliseconds) => AbortSignal.timeout(milliseconds),
    timer: runtimeTimer,
    fillRandom: (lot) => crypto.getRandomValues(lot),
    flights: sharedFlights(),
    exchange: { tcp: () => Promise.reject(new Error('no nameserver')) },
    ownAddresses: () => [],
    upstreamSlots: unboundedSlots,
    transport: { exchange: () => Promise.reject(new Error('no upstream')) },
    log: silentLog,
    cacheOctets: { answers: 1e7, values: 1e7 },
  },
)
const message = buildQuery({ name: ['jordia65', 'bit'], type: 1, dnssecOk: false, checkingDisabled: false })
const target = `/dns-query?dns=${Buffer.from(message).toString('base64url')}`
const { query } = parseQuery(message)
await gateway.exchange(message)

console.log(`Node ${process.version}; a .bit name with two addresses, in the cache`)
line(
  'parse the query',
  nanoseconds(() => parseQuery(message)),
  'ns',
)
line(
  'its cache key',
  nanoseconds(() => cacheKey(query)),
  'ns',
)
{
  const { lruAnswerCache } = await import('../../dist/resolver/cache.js')
  const { packAnswer } = await import('../../dist/dns/packed.js')
  const packed = packAnswer((await gateway.exchange(message)).body)
  const { secureRandom } = await import('../../dist/random.js')
  const random = secureRandom((lot) => crypto.getRandomValues(lot))
  const cache = lruAnswerCache({ entries: 10, octets: 1e6 }, () => performance.now())
  cache.set(cacheKey(query), '', packed)
  const key = cacheKey(query)
  line(
    'look it up',
    nanoseconds(() => cache.get(key, '')),
    'ns',
  )
  line(
    'copy, patch, shuffle',
    nanoseconds(() => respond(query, packed, 5, random)),
    'ns',
  )
}
line(
  'all of it: message in, message out',
  nanoseconds(() => gateway.exchange.atOnce(message)),
  'ns',
)
const fastPath = createFastPath(gateway.exchange)
const noHeader = () => undefined
line(
  'the short way, GET: URL in, answer out',
  nanoseconds(() => fastPath('GET', target, noHeader, undefined)),
  'ns',
)

if (process.platform !== 'linux' || spawnSync('h2load', ['--version']).status !== 0) {
  console.log('requests through the server: not measured, needs Linux and h2load (Debian: nghttp2-client)')
  process.exit()
}

/** CPU seconds a process has used, user and system (proc(5)); Linux counts in hundredths. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

const folder = mkdtempSync(join(tmpdir(), 'bitdoh-bench-'))
writeFileSync(join(folder, 'query'), message)
const servers = []
async function start(...flags) {
  const program = new URL('../../dist/cli.js', import.meta.url).pathname
  const words = [
    program,
    'serve',
    '--names',
    'demo',
    '--upstream',
    'none',
    '--state',
    folder,
    '--listen',
    '127.0.0.1:0',
    ...flags,
  ]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'ignore'] })
  servers.push(child)
  for await (const printed of createInterface({ input: child.stdout })) {
    return { pid: child.pid, url: /https?:\S+/.exec(printed)[0] }
  }
}

const REQUESTS = 40_000
const post = ['-d', join(folder, 'query'), '-H', 'content-type: application/dns-message']
try {
  const secure = await start()
  const plain = await start('--tls', 'off')
  const get = new URL(target, 'http://localhost').search
  const cases = [
    ['HTTP/2 over TLS, GET', secure, ['-c8', '-m8'], get],
    ['HTTP/2 over TLS, POST', secure, ['-c8', '-m8', ...post], ''],
    ['HTTP/1.1 over TLS, GET', secure, ['-c32', '--h1'], get],
    ['HTTP/1.1 behind a proxy, GET', plain, ['-c32', '--h1'], get],
    ['HTTP/1.1 behind a proxy, POST', plain, ['-c32', '--h1', ...post], ''],
    ['HTTP/2 over TLS, GET, past the short way (&x first)', secure, ['-c8', '-m8'], `?x=1&${get.slice(1)}`],
    ['HTTP/1.1 behind a proxy, GET, past the short way', plain, ['-c32', '--h1'], `?x=1&${get.slice(1)}`],
  ]
  console.log(
    `\nthrough the server, ${REQUESTS} requests each: CPU of the server a request, and requests a second`,
  )
  for (const [what, { pid, url }, flags, search] of cases) {
    const load = (requests) =>
      execFileSync('h2load', ['-n', String(requests), ...flags, url + search], { encoding: 'utf8' })
    load(REQUESTS / 4)
    const before = cpuSeconds(pid)
    const report = load(REQUESTS)
    const used = cpuSeconds(pid) - before
    const [, succeeded] = /(\d+) succeeded/.exec(report)
    if (Number(succeeded) !== REQUESTS) throw new Error(report)
    line(what, ((used / REQUESTS) * 1e6).toFixed(1), `µs  ${/([\d.]+) req\/s/.exec(report)[1]}/s`)
  }
} finally {
  for (const server of servers) server.kill()
  rmSync(folder, { recursive: true })
}
