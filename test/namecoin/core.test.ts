import { describe, expect, test } from 'vitest'
import { ownFlights, sharedFlights } from '../../src/flights.ts'
import { type CoreOptions, coreSource, TIP_FRESH_MS } from '../../src/namecoin/core.ts'
import { CALL_TIMEOUT_MS, MAX_REPLY_OCTETS } from '../../src/namecoin/json-rpc.ts'
import { boundedSlots, unboundedSlots } from '../../src/namecoin/slots.ts'
import {
  coreRecordings,
  methodCalled,
  type NodeChanges,
  nameAskedFor,
  replayFetch,
} from '../servers/core-replay.ts'
import { fakeClock, never, settled } from './clock.ts'

/** The recorded node, what it was asked, and a clock. */
function recordedNode(options: Partial<CoreOptions> = {}) {
  const clock = fakeClock()
  const asked: { method: string | undefined; name: string | undefined; init: RequestInit; url: string }[] = []
  let changes: NodeChanges = {}
  const answer = replayFetch(coreRecordings, { changes: () => changes })
  const source = coreSource({
    url: options.url ?? new URL('http://user:password@node.example:8336/'),
    fetch: (url, init) => {
      const body = String(init.body)
      asked.push({ method: methodCalled(body), name: nameAskedFor(body), init, url })
      return (options.fetch ?? answer)(url, init)
    },
    now: clock.now,
    flights: options.flights ?? sharedFlights(),
    slots: options.slots ?? boundedSlots(),
    timer: clock.timer,
    ...(options.network === undefined ? {} : { network: options.network }),
    ...(options.readCookie === undefined ? {} : { readCookie: options.readCookie }),
  })
  return {
    source,
    clock,
    asked,
    answer,
    methods: () => asked.map((call) => call.method),
    change(next: NodeChanges) {
      changes = next
    },
  }
}

/** A node whose chain is fine and that answers lookups with this. */
function answeringLookups(respond: () => Response | Promise<Response>): Partial<CoreOptions> {
  const honest = replayFetch(coreRecordings)
  return {
    fetch: (url, init) =>
      methodCalled(String(init.body)) === 'name_show' ? Promise.resolve(respond()) : honest(url, init),
  }
}

describe('every name of the recorded chain', () => {
  const { source } = recordedNode({ network: 'regtest' })
  const text = async (name: string) => {
    const outcome = await source.lookup(name, never)
    return outcome.kind === 'found' ? new TextDecoder().decode(outcome.value) : outcome
  }

  test.each([
    ['d/jordia65', '{"ip":["192.0.2.10","198.51.100.20"]}'],
    ['d/ha-demo', '{"ip":["127.0.0.2","127.0.0.3"]}'],
    ['d/single', '{"ip":"192.0.2.1"}'], // the newer value in the mempool is not served
    ['d/dual', '{"ip":["192.0.2.1","192.0.2.2","192.0.2.3"],"ip6":["2001:db8::1","2001:db8::2"]}'],
    ['d/wild', '{"ip":"192.0.2.5","map":{"*":{"ip":"192.0.2.6"},"www":{"alias":"@"},"ftp":"192.0.2.7"}}'],
    ['d/importer', '{"import":"dd/shared","map":{"www":{"alias":"@"}}}'],
    ['dd/shared', '{"ip":["203.0.113.1","203.0.113.2"],"txt":"shared by dd/shared"}'],
    ['d/offsite', '{"alias":"www.example.com."}'],
    ['d/updated', '{"ip":["192.0.2.107","192.0.2.108"]}'],
    ['d/reborn', '{"ip":"192.0.2.113"}'],
    ['d/loop-a', '{"import":"d/loop-b"}'],
    ['d/loop-b', '{"import":"d/loop-a"}'],
    ['d/UPPER', '{"ip":"192.0.2.66"}'],
    ['d/123', '{"ip":"192.0.2.123"}'],
    ['id/alice', '{"email":"alice@example.bit"}'],
    ['d/empty', ''],
    ['d/emptyobj', '{}'],
  ])('%s is found', async (name, value) => {
    expect(await text(name)).toBe(value)
  })

  test.each(['d/delegated', 'd/mail', 'd/secure', 'd/translated', 'd/onion', 'd/xn--bcher-kva'])(
    '%s is found, and is JSON',
    async (name) => {
      expect(JSON.parse((await text(name)) as string)).toBeTypeOf('object')
    },
  )

  test('d/jordia65 comes with height, expiry and transaction', async () => {
    expect(await source.lookup('d/jordia65', never)).toMatchObject({
      height: 194,
      expiresIn: 17,
      txid: '42262aa3ef2a72ac704d1b1f73088f8859fcd65e87de00ee151162f5c9fda6b0',
    })
  })

  test('d/unicode is found, though Core’s default encoding refuses it', async () => {
    expect(await text('d/unicode')).toBe('{"txt":"žluťoučký kůň 🐎"}')
  })

  test('d/notjson is found: what a value means is not decided here', async () => {
    expect(await text('d/notjson')).toBe('hello, not json')
  })

  test('d/max520 is found whole', async () => {
    expect(await source.lookup('d/max520', never)).toMatchObject({ kind: 'found', value: { length: 520 } })
  })

  test('d/expired is expired', async () => {
    expect(await text('d/expired')).toEqual({ kind: 'expired' })
  })

  test.each(['d/nope', 'd/never-registered', 'd/', 'd/not-in-the-recordings'])(
    '%s is absent',
    async (name) => {
      expect(await text(name)).toEqual({ kind: 'absent' })
    },
  )

  test('a name longer than the chain allows is absent, and not asked for', async () => {
    const { source: fresh, asked } = recordedNode()
    expect(await fresh.lookup(`d/${'x'.repeat(254)}`, never)).toEqual({ kind: 'absent' })
    expect(asked).toHaveLength(0)
  })
})

describe('how it asks', () => {
  test('name and value in hex, expired names refused, credentials in the header and not in the URL', async () => {
    const { source, asked } = recordedNode()
    await source.lookup('d/jordia65', never)
    const { url, init } = asked[1]!
    expect(url).toBe('http://node.example:8336/')
    expect(init.method).toBe('POST')
    expect(init.redirect).toBe('manual')
    const headers = new Headers(init.headers)
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('authorization')).toBe(`Basic ${btoa('user:password')}`)
    expect(JSON.parse(String(init.body))).toMatchObject({
      jsonrpc: '2.0',
      method: 'name_show',
      params: ['642f6a6f726469613635', { nameEncoding: 'hex', valueEncoding: 'hex', allowExpired: false }],
    })
  })

  test('the built-in fetch is not called as a method: Workers refuse that', async () => {
    const honest = replayFetch(coreRecordings)
    async function strictFetch(this: unknown, url: string, init: RequestInit): Promise<Response> {
      if (this !== undefined) throw new TypeError('Illegal invocation')
      return honest(url, init)
    }
    const clock = fakeClock()
    const source = coreSource({
      url: new URL('http://node.example/'),
      fetch: strictFetch,
      now: clock.now,
      flights: ownFlights,
      slots: unboundedSlots,
      timer: clock.timer,
    })
    expect((await source.lookup('d/jordia65', never)).kind).toBe('found')
  })
})

describe('the tip', () => {
  const RECORDED = 'e83b546fc578e6366b6ff4611d4b54fc3000f253fabba25f43d45e9497abf127'
  const NEXT = 'b'.repeat(64)

  test('is asked for at most once while it is fresh, and then there at once', async () => {
    const { source, methods, clock } = recordedNode()
    const first = await source.tip()
    expect(first).toEqual({ epoch: RECORDED, height: 207, time: 1795288055 })
    clock.advance(TIP_FRESH_MS - 1)
    expect(source.tip()).toBe(first)
    expect(methods()).toEqual(['getblockchaininfo'])
  })

  test('a new block is a new epoch once the old tip is not fresh any more', async () => {
    const { source, clock, change } = recordedNode()
    await source.tip()
    change({ chain: { blocks: 208, bestblockhash: NEXT } })
    clock.advance(TIP_FRESH_MS)
    expect(await source.tip()).toMatchObject({ epoch: NEXT, height: 208 })
  })

  test('is asked for once by many at a time', async () => {
    const { source, methods } = recordedNode()
    await Promise.all([source.tip(), source.tip(), source.lookup('d/dual', never), source.state(never)])
    expect(methods()).toEqual(['getblockchaininfo', 'name_show'])
  })

  test('where nothing may be shared, each asks for itself', async () => {
    const { source, methods } = recordedNode({ flights: ownFlights })
    await Promise.all([source.tip(), source.tip()])
    expect(methods()).toEqual(['getblockchaininfo', 'getblockchaininfo'])
  })

  test('when asking fails it is the last one known, and the failure holds for as long as a tip would', async () => {
    let up = true
    const honest = replayFetch(coreRecordings)
    const { source, methods, clock } = recordedNode({
      fetch: (url, init) =>
        up
          ? honest(url, init)
          : Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })),
    })
    const known = await source.tip()
    up = false
    clock.advance(TIP_FRESH_MS)
    expect(await source.tip()).toBe(known)
    expect(source.tip()).toBe(known)
    expect(await source.lookup('d/dual', never)).toEqual({
      kind: 'unreachable',
      code: 'network',
      detail: 'ECONNREFUSED',
    })
    expect(methods()).toEqual(['getblockchaininfo', 'getblockchaininfo'])
    up = true
    clock.advance(TIP_FRESH_MS)
    expect((await source.lookup('d/dual', never)).kind).toBe('found')
  })

  test('is undefined when it never was known', async () => {
    const { source } = recordedNode({ fetch: () => Promise.reject(new TypeError('fetch failed')) })
    expect(await source.tip()).toBeUndefined()
  })

  test('a clock that goes back makes it stale, not fresh for ever', async () => {
    const { source, methods, clock } = recordedNode()
    await source.tip()
    clock.advance(-60_000)
    await source.tip()
    expect(methods()).toHaveLength(2)
  })
})

describe('the state', () => {
  test('ready, with the tip', async () => {
    const { source } = recordedNode({ network: 'regtest' })
    expect(await source.state(never)).toMatchObject({ kind: 'ready', tip: { height: 207 } })
  })

  test('a node on another network is unready, says so, and is not believed about names', async () => {
    const { source, methods } = recordedNode({ network: 'mainnet' })
    expect(await source.state(never)).toEqual({
      kind: 'unready',
      code: 'protocol',
      detail: 'the node is on regtest, mainnet is wanted',
    })
    expect(await source.lookup('d/nope', never)).toMatchObject({ kind: 'unreachable', code: 'protocol' })
    expect(await source.tip()).toBeUndefined()
    expect(methods()).toEqual(['getblockchaininfo'])
  })

  test('a node in its initial download is not believed, neither about absence nor about values', async () => {
    const { source, change } = recordedNode()
    change({ chain: { chain: 'main', initialblockdownload: true } })
    expect(await source.state(never)).toMatchObject({ kind: 'unready', code: 'syncing' })
    expect(await source.lookup('d/nope', never)).toMatchObject({ kind: 'unreachable', code: 'syncing' })
    expect(await source.lookup('d/dual', never)).toMatchObject({ kind: 'unreachable', code: 'syncing' })
  })
})

describe('deadlines', () => {
  const hanging: Partial<CoreOptions> = {
    fetch: (_url, init) =>
      new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason))),
  }

  test('a node that hangs is given up by the caller’s deadline', async () => {
    const { source } = recordedNode(hanging)
    const caller = new AbortController()
    const outcome = source.lookup('d/dual', caller.signal)
    await settled()
    caller.abort()
    expect(await outcome).toMatchObject({ kind: 'unreachable', code: 'timeout' })
  })

  test('and by our own', async () => {
    const { source, clock } = recordedNode(hanging)
    const outcome = source.lookup('d/dual', never)
    const tip = source.tip()
    await settled()
    clock.advance(CALL_TIMEOUT_MS)
    expect(await outcome).toMatchObject({ kind: 'unreachable', code: 'timeout' })
    expect(await tip).toBeUndefined()
    await settled()
    expect(clock.pending()).toBe(0)
  })

  test('a lookup that hangs after the chain was fine', async () => {
    const { source, clock } = recordedNode(answeringLookups(() => new Promise(() => {})))
    const outcome = source.lookup('d/dual', never)
    await settled()
    await settled()
    clock.advance(CALL_TIMEOUT_MS)
    expect(await outcome).toMatchObject({ kind: 'unreachable', code: 'timeout' })
  })

  test('a body that stalls', async () => {
    const stalled = () =>
      new Response(new ReadableStream({ start: (body) => body.enqueue(new Uint8Array([123])) }))
    const { source } = recordedNode(answeringLookups(stalled))
    await source.tip()
    const caller = new AbortController()
    const outcome = source.lookup('d/dual', caller.signal)
    await settled()
    caller.abort()
    expect(await outcome).toMatchObject({ kind: 'unreachable', code: 'timeout' })
  })

  test('a caller who has gone already costs the node nothing', async () => {
    const { source, asked } = recordedNode()
    expect(await source.lookup('d/dual', AbortSignal.abort())).toMatchObject({
      kind: 'unreachable',
      code: 'timeout',
    })
    expect(asked).toHaveLength(0)
  })
})

describe('too much at once', () => {
  test('beyond what may be under way and may wait, lookups are told so; the tip is still asked for', async () => {
    const { source, clock, methods } = recordedNode({
      ...answeringLookups(() => new Promise(() => {})),
      slots: boundedSlots(1, 1),
    })
    await source.tip()
    void source.lookup('d/dual', never)
    void source.lookup('d/wild', never)
    await settled()
    expect(await source.lookup('d/mail', never)).toMatchObject({ kind: 'unreachable', code: 'overloaded' })
    clock.advance(TIP_FRESH_MS)
    expect(await source.tip()).toMatchObject({ height: 207 })
    expect(methods()).toEqual(['getblockchaininfo', 'name_show', 'getblockchaininfo'])
  })
})

describe('answers that are none', () => {
  const json =
    (body: unknown, status = 200) =>
    () =>
      new Response(JSON.stringify(body), { status })

  test.each([
    ['no JSON', () => new Response('{"result": nothing'), 'protocol'],
    ['another id', json({ jsonrpc: '2.0', result: {}, id: -1 }), 'protocol'],
    ['an empty body', () => new Response(''), 'protocol'],
    ['no body', () => new Response(null, { status: 204 }), 'protocol'],
    [
      'a redirect',
      () => new Response(null, { status: 307, headers: { location: 'http://evil.example/' } }),
      'protocol',
    ],
    ['a page of another server', () => new Response('<html>', { status: 404 }), 'protocol'],
    ['the full work queue', () => new Response('Work queue depth exceeded', { status: 503 }), 'overloaded'],
    ['a proxy that cannot reach the node', () => new Response('', { status: 502 }), 'network'],
    ['wrong credentials', () => new Response('', { status: 401 }), 'credentials'],
    ['an address that is not allowed', () => new Response('', { status: 403 }), 'credentials'],
  ])('%s', async (_case, respond, code) => {
    const { source } = recordedNode(answeringLookups(respond))
    expect(await source.lookup('d/jordia65', never)).toMatchObject({ kind: 'unreachable', code })
  })

  test('a body without end is not read to it', async () => {
    let sent = 0
    let cancelled = false
    const chunk = new Uint8Array(8_192).fill(32)
    const endless = new ReadableStream({
      pull(body) {
        sent += chunk.length
        body.enqueue(chunk)
      },
      cancel() {
        cancelled = true
      },
    })
    const { source } = recordedNode(answeringLookups(() => new Response(endless)))
    expect(await source.lookup('d/jordia65', never)).toMatchObject({ kind: 'unreachable', code: 'protocol' })
    expect(cancelled).toBe(true)
    expect(sent).toBeLessThanOrEqual(MAX_REPLY_OCTETS + 4 * chunk.length)
  })

  test('no detail holds the name or the password', async () => {
    const fetches = [
      () => Promise.reject(new TypeError('Failed to parse http://user:password@node/ for d/jordia65')),
      () => Promise.reject(Object.assign(new Error('d/jordia65'), { code: 'd/jordia65' })),
      json({ jsonrpc: '2.0', error: { code: -5, message: 'd/jordia65' }, id: 2 }),
      json({ jsonrpc: '2.0', error: { code: -4, message: 'd/jordia65' }, id: 2 }),
    ]
    for (const respond of fetches) {
      const { source } = recordedNode(answeringLookups(respond as () => Promise<Response>))
      const outcome = await source.lookup('d/jordia65', never)
      expect(outcome.kind).toBe('unreachable')
      expect(JSON.stringify(outcome)).not.toMatch(/jordia65|password/)
    }
  })
})

describe('credentials', () => {
  const withoutPassword = new URL('http://node.example:8336/')
  const expecting = (cookie: () => string): NonNullable<CoreOptions['fetch']> => {
    return (url, init) => replayFetch(coreRecordings, { authorization: `Basic ${btoa(cookie())}` })(url, init)
  }

  test('the cookie is read once; a restarted node’s new one is read when the old one is refused', async () => {
    let cookie = '__cookie__:one'
    let reads = 0
    const { source } = recordedNode({
      url: withoutPassword,
      fetch: expecting(() => cookie),
      readCookie: async () => {
        reads += 1
        return `${cookie}\n`
      },
    })
    expect((await source.lookup('d/dual', never)).kind).toBe('found')
    expect((await source.lookup('d/wild', never)).kind).toBe('found')
    expect(reads).toBe(1)
    cookie = '__cookie__:two'
    expect((await source.lookup('d/dual', never)).kind).toBe('found')
    expect(reads).toBe(2)
  })

  test('a password in the URL goes before the cookie', async () => {
    const { source } = recordedNode({
      fetch: expecting(() => 'user:password'),
      readCookie: () => Promise.reject(new Error('read')),
    })
    expect((await source.lookup('d/dual', never)).kind).toBe('found')
  })

  test('a cookie that is refused and still the same is not sent again', async () => {
    const { source, asked } = recordedNode({
      url: withoutPassword,
      fetch: async () => new Response('', { status: 401 }),
      readCookie: async () => '__cookie__:one',
    })
    expect(await source.state(never)).toMatchObject({ kind: 'unready', code: 'credentials' })
    expect(asked).toHaveLength(1)
  })

  test('a new cookie that is refused too is the end of it', async () => {
    let reads = 0
    const { source, asked } = recordedNode({
      url: withoutPassword,
      fetch: async () => new Response('', { status: 401 }),
      readCookie: async () => {
        reads += 1
        return `__cookie__:${reads}`
      },
    })
    expect(await source.state(never)).toMatchObject({ kind: 'unready', code: 'credentials' })
    expect(asked).toHaveLength(2)
  })

  test('a cookie that cannot be read is a matter of credentials, and its path stays here', async () => {
    const { source } = recordedNode({
      url: withoutPassword,
      readCookie: () => Promise.reject(new Error('ENOENT /home/alice/.namecoin/.cookie')),
    })
    expect(await source.lookup('d/dual', never)).toEqual({
      kind: 'unreachable',
      code: 'credentials',
      detail: 'the cookie cannot be read: is the node running?',
    })
  })
})
