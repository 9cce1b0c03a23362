// What the light client costs: the time to the first answers, a lookup, the headers.
//   npm run build && node test/bench/light.mjs
// Real headers are used where there are some: BITDOH_VECTORS, or ../shared/vectors. Figures of a busy machine, or of
// different ones, cannot be compared.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildQuery } from '../../dist/dns/build-query.js'
import { silentLog } from '../../dist/log.js'
import { parseHeader, parseHeaders } from '../../dist/namecoin/chain/header.js'
import { HeaderChain, WINDOW_BLOCKS } from '../../dist/namecoin/chain/header-chain.js'
import { NETWORKS } from '../../dist/namecoin/chain/network.js'
import { proofOfWorkFault } from '../../dist/namecoin/chain/proof-of-work.js'
import { runtimeTimer } from '../../dist/namecoin/deadline.js'
import { parseAddress } from '../../dist/namecoin/electrum/address.js'
import { electrumSession } from '../../dist/namecoin/electrum/session.js'
import { bundledCheckpoint } from '../../dist/namecoin/light/bundled-checkpoint.js'
import { keepChain } from '../../dist/namecoin/light/keeper.js'
import { lightSource } from '../../dist/namecoin/light/source.js'
import { nodeChannels } from '../../dist/node/electrum-sockets.js'
import { nodeSha256 } from '../../dist/node/light-client.js'

const ROUND_TRIP_MS = 100
const LOOKUPS = 1_000
const HEADERS = 2_016
const here = fileURLToPath(new URL('.', import.meta.url))
const recording = JSON.parse(readFileSync(join(here, '../fixtures/electrumx-1.4.3.json'), 'utf8'))
const never = new AbortController().signal
const { regtest, mainnet } = NETWORKS

const line = (what, figure, unit) => console.log(`${what.padEnd(66)} ${String(figure).padStart(9)} ${unit}`)
const cpuMs = (work) => {
  const start = process.cpuUsage()
  work()
  return sinceMs(start)
}
function sinceMs(start) {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

// A server that says what was recorded

const headers = []
for (const { method, params, result } of recording.calls) {
  if (method === 'blockchain.block.header' && params.length === 1 && result !== undefined) {
    headers[params[0]] = result
  }
}
const sha256d = (octets) => nodeSha256(nodeSha256(octets))
const hashes = headers.map((hex) => sha256d(Buffer.from(hex, 'hex').subarray(0, 80)))

/** A header's branch to the root of all up to a checkpoint, and the root; as displayed. */
function headerProof(height, checkpoint) {
  const branch = []
  let level = hashes.slice(0, checkpoint + 1)
  for (let at = height; level.length > 1; at >>= 1) {
    if (level.length % 2 === 1) level.push(level.at(-1))
    branch.push(displayed(level[at ^ 1]))
    level = Array.from({ length: level.length / 2 }, (_, pair) =>
      sha256d(Buffer.concat([level[2 * pair], level[2 * pair + 1]])),
    )
  }
  return { header: headers[height].slice(0, 160), branch, root: displayed(level[0]) }
}
const displayed = (hash) => Buffer.from(hash).reverse().toString('hex')

/** Replies by method and parameters; what was not recorded follows from what was. */
const replies = new Map(
  recording.calls.map(({ method, params, result, error }) => [
    `${method} ${JSON.stringify(params)}`,
    error === undefined ? { result } : { error },
  ]),
)
function outcome(method, params) {
  const key = `${method} ${JSON.stringify(params)}`
  const known = replies.get(key)
  if (known !== undefined) return known
  const made = madeUp(method, params)
  replies.set(key, made)
  return made
}
function madeUp(method, [first, second]) {
  switch (method) {
    case 'server.version':
      return { result: ['ElectrumX 1.16.0', '1.4.3'] }
    case 'server.ping':
      return { result: null }
    case 'blockchain.headers.subscribe':
      return { result: { hex: headers.at(-1), height: headers.length - 1 } }
    case 'blockchain.block.headers': {
      const slice = headers.slice(first, first + second)
      return { result: { hex: slice.join(''), count: slice.length, max: 2_016 } }
    }
    case 'blockchain.name.get_value_proof': {
      // With a checkpoint that was not recorded: the recorded proof with its header's branch to another root.
      const recorded = replies.get(`${method} ${JSON.stringify([first, headers.length - 1])}`)?.result
      const entries = (recorded?.[first] ?? []).map((entry) =>
        entry.height <= second
          ? { ...entry, header: headerProof(entry.height, second) }
          : { ...entry, header: undefined },
      )
      return { result: { [first]: entries } }
    }
    default:
      return { error: { code: -32_601, message: 'unknown method' } }
  }
}

async function startServer(host, delayMs) {
  const counted = { requests: 0, octets: 0 }
  const server = createServer((socket) => {
    socket.setNoDelay(true)
    socket.on('error', () => {})
    createInterface({ input: socket }).on('line', (text) => {
      const { id, method, params } = JSON.parse(text)
      const reply = `${JSON.stringify({ jsonrpc: '2.0', id, ...outcome(method, params) })}\n`
      counted.requests += 1
      counted.octets += reply.length
      if (delayMs === 0) socket.write(reply)
      else setTimeout(() => socket.destroyed || socket.write(reply), delayMs)
    })
  })
  await new Promise((resolve) => server.listen(0, host, resolve))
  return { port: server.address().port, counted, close: () => server.close() }
}

// The first answers of the real program on a fresh machine

async function firstAnswers() {
  // Two operators, as the program counts them: an address and a host name.
  const servers = [
    await startServer('127.0.0.1', ROUND_TRIP_MS),
    await startServer('localhost', ROUND_TRIP_MS),
  ]
  const state = mkdtempSync(join(tmpdir(), 'bitdoh-bench-'))
  const started = performance.now()
  const electrum = [`tcp://127.0.0.1:${servers[0].port}`, `tcp://localhost:${servers[1].port}`]
  const settings = ['--listen', '127.0.0.1:0', '--state', state, '--network', 'regtest', '--tls', 'off']
  const words = [...settings, ...electrum.flatMap((address) => ['--electrum', address])]
  const program = spawn(process.execPath, [join(here, '../../dist/cli.js'), 'serve', ...words])
  try {
    const url = await new Promise((resolve, reject) => {
      createInterface({ input: program.stdout }).on('line', (text) => {
        const found = /^bitdoh answers at (http\S+)$/.exec(text)
        if (found !== null) resolve(found[1])
      })
      program.once('exit', (code) => reject(new Error(`bitdoh ended with ${code}`)))
    })
    const after = () => Math.round(performance.now() - started)
    line('start until it listens', after(), 'ms')
    const body = buildQuery({
      name: ['jordia65', 'bit'],
      type: 1,
      dnssecOk: false,
      checkingDisabled: false,
    })
    let first
    for (;;) {
      const init = { method: 'POST', headers: { 'content-type': 'application/dns-message' }, body }
      const reply = Buffer.from(await (await fetch(url, init)).arrayBuffer())
      const isAnswer = (reply[3] & 0x0f) === 0 && reply.readUInt16BE(6) > 0
      const isAttested = reply.includes('attested')
      if (isAnswer && first === undefined) {
        first = after()
        line(`start to the first answer${isAttested ? ', attested' : ''}`, first, 'ms')
      }
      if (isAnswer && !isAttested) break
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    line('start to the first proven answer (target: 10,000)', after(), 'ms')
  } finally {
    program.removeAllListeners('exit')
    program.kill('SIGKILL')
    for (const server of servers) server.close()
    rmSync(state, { recursive: true, force: true })
  }
}

// A lookup

/** A channel to servers in this process: what is left is our own work, and that of the timers. */
const texts = new Map()
async function openInside(_address, events) {
  const reply = (id, method, params) => {
    const key = `${method} ${JSON.stringify(params)}`
    if (!texts.has(key)) texts.set(key, JSON.stringify(outcome(method, params)).slice(1))
    const text = `{"jsonrpc":"2.0","id":${id},${texts.get(key)}`
    setImmediate(() => events.message(text, text.length))
  }
  const send = (text) => {
    const { id, method, params } = JSON.parse(text)
    reply(id, method, params)
  }
  return { kind: 'channel', send, close: () => {} }
}

/** Looks a name up, over and over, with two servers: what it costs. */
async function lookups(open, ports) {
  const now = () => performance.now()
  const unlimited = { allows: () => true, spend: () => {}, left: () => Number.POSITIVE_INFINITY }
  const received = { octets: 0, calls: 0 }
  const counting = async (address, events, signal) => {
    const message = (text, octets) => {
      received.octets += octets
      events.message(text, octets)
    }
    const channel = await open(address, { ...events, message }, signal)
    const send = (text) => {
      received.calls += 1
      channel.send(text)
    }
    return channel.kind === 'failed' ? channel : { ...channel, send }
  }
  const servers = ports.map((port, index) => ({
    operator: `operator${index}`,
    session: electrumSession({
      ...{ address: parseAddress(`tcp://127.0.0.1:${port}`), open: counting, genesis: regtest.genesis },
      ...{ timer: runtimeTimer, now, random: Math.random, budget: unlimited },
    }),
  }))
  const store = { load: async () => undefined, save: async () => {} }
  const common = {
    ...{ sha256: nodeSha256, network: regtest, servers, now, wallClock: Date.now },
    ...{ timer: runtimeTimer, log: silentLog },
  }
  const pause = () => new Promise((resolve) => setImmediate(resolve))
  const keeper = keepChain({ ...common, checkpoint: bundledCheckpoint('regtest'), store, pause })
  const source = lightSource({ ...common, keeper, leastConfirmations: 12, maxTipAge: undefined })
  while (keeper.state().kind !== 'synced') await new Promise((resolve) => setTimeout(resolve, 10))
  const look = async () => {
    const found = await source.lookup('d/jordia65', never)
    if (found.kind !== 'found') throw new Error(JSON.stringify(found))
  }
  for (let warm = 0; warm < 300; warm++) await look()
  Object.assign(received, { octets: 0, calls: 0 })
  const start = process.cpuUsage()
  for (let lookup = 0; lookup < LOOKUPS; lookup++) await look()
  const { user, system } = process.cpuUsage(start)
  source.close()
  const asked = LOOKUPS * servers.length
  return {
    requests: received.calls / asked,
    octets: Math.round(received.octets / asked),
    user: (user / 1000 / LOOKUPS).toFixed(3),
    system: (system / 1000 / LOOKUPS).toFixed(3),
  }
}

async function lookupCosts() {
  // The servers' own work must not count: they run in another process.
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'servers'])
  const told = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ports = JSON.parse((await told.next()).value)
  const { requests, octets, user, system } = await lookups(nodeChannels({ now: Date.now }), ports)
  child.kill('SIGKILL')
  line('requests a lookup and server (one round trip; target: 1)', requests, '')
  line('octets received a lookup and server (target: at most 3,000)', octets, 'B')
  const inside = await lookups(openInside, [1, 2])
  line('CPU a lookup with two servers (target: below 1)', inside.user, 'ms user')
  line('', inside.system, 'ms system')
  line('the same over TCP on this machine', user, 'ms user')
  line('', system, 'ms system')
}

// Headers

/** 2,016 full headers: real ones with AuxPoW, over and over, or the recorded ones. */
function manyHeaders() {
  const folder = process.env.BITDOH_VECTORS ?? join(here, '../../../shared/vectors')
  const file = join(folder, 'auxpow_headers.json')
  if (!existsSync(file)) return { network: regtest, what: 'of regtest', hexes: headers.slice(1) }
  const real = JSON.parse(readFileSync(file, 'utf8')).headers.filter(({ is_auxpow }) => is_auxpow)
  return { network: mainnet, what: 'real', hexes: real.map(({ hex }) => hex) }
}

function headerCosts() {
  const { network, what, hexes } = manyHeaders()
  const many = Array.from({ length: HEADERS }, (_, index) => Buffer.from(hexes[index % hexes.length], 'hex'))
  const octets = many.reduce((sum, { length }) => sum + length, 0)
  const verify = () => {
    for (const one of many) {
      const header = parseHeader(nodeSha256, one)
      const fault = header.kind === 'refused' ? header : proofOfWorkFault(nodeSha256, network, header)
      if (fault !== undefined) throw new Error(JSON.stringify(fault))
    }
  }
  verify()
  const rounds = Array.from({ length: 5 }, () => cpuMs(verify)).sort((one, other) => one - other)
  const title = `${HEADERS} ${what} AuxPoW headers, ${Math.round(octets / HEADERS)} B each (target: 400)`
  line(title, rounds[2].toFixed(1), 'ms CPU')
  const parsed = parseHeaders(nodeSha256, Buffer.from(headers.join(''), 'hex'), headers.length)
  const [genesis, ...rest] = parsed.headers
  const chain = new HeaderChain(nodeSha256, regtest, {
    ...{ height: 0, hash: genesis.hash, bits: genesis.bits, time: genesis.time },
    ...{ periodStartTime: genesis.time, chainwork: 2n, previousTimes: [] },
  })
  const taken = cpuMs(() => {
    const { kind } = chain.append(rest, Math.floor(Date.now() / 1000))
    if (kind !== 'extended') throw new Error(kind)
  })
  line(`${rest.length} of regtest taken up by a chain`, taken.toFixed(1), 'ms CPU')
  line(`memory of ${WINDOW_BLOCKS} headers (target: 10,000,000)`, chain.octets.toLocaleString('en'), 'B')
}

if (process.argv[2] === 'servers') {
  const servers = [await startServer('127.0.0.1', 0), await startServer('127.0.0.1', 0)]
  console.log(JSON.stringify(servers.map(({ port }) => port)))
} else {
  console.log(`Node ${process.version}; servers ${ROUND_TRIP_MS} ms away`)
  await firstAnswers()
  await lookupCosts()
  headerCosts()
  process.exit()
}
