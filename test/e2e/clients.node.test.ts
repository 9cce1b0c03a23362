import { beforeAll, describe, expect, it, vi } from 'vitest'
import { MAX_CLIENT_LENGTH } from '../../src/dns/patch.ts'
import { answer, QUESTION_NAME, query, record } from '../dns/messages.ts'
import { has } from '../node/tools.ts'
import { type CoreRpcServer, startCoreRpc } from '../servers/core-rpc.ts'
import { answerUpstream, readAsked } from '../servers/upstream.ts'
import { curlOverDoh, fetchWithCurl, reachedByCurl } from './curl.ts'
import { type DnsClient, lookUp, type Method } from './dns-clients.ts'
import { type DohServer, startDohServer } from './doh-server.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { newFile } from './program.ts'
import { ADDRESSES, otherThan, servedBy, startWebServers } from './web-servers.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** The chance that a fair coin shows one side only in so many throws is 2⁻³⁹. */
const MAX_LOOKUPS = 40

const BOTH_ORDERS = ['192.0.2.10 198.51.100.20', '198.51.100.20 192.0.2.10']

/** The orders in which two addresses come, over as many lookups as it takes to see two. */
async function ordersOf(addresses: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const orders = new Set<string>()
  for (let lookup = 0; lookup < MAX_LOOKUPS && orders.size < 2; lookup++) {
    orders.add((await addresses()).join(' '))
  }
  return [...orders].sort()
}

const lastWord = (line: string): string => line.split(' ').at(-1)!

const namesFile = (names: object): string => newFile('names.json', JSON.stringify(names))

let demo: Gateway
beforeAll(async () => {
  demo = await startGateway(['--names', 'demo', '--upstream', 'none'])
})

describe.skipIf(!has('curl'))('curl --doh-url (needs curl)', () => {
  it('gets a page by its .bit name from both servers, and still when one of them is killed', async () => {
    const servers = await startWebServers()
    const page = async (): Promise<string> => {
      const { code, stdout, stderr } = await curlOverDoh(demo, `http://ha-demo.bit:${servers.port}/`)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      return servedBy(stdout)
    }
    expect(await ordersOf(async () => [await page()])).toEqual(ADDRESSES)

    const killed = await page()
    await servers.kill(killed)
    const after = new Set<string>()
    // The killed one is the first address of about half of the answers.
    for (let fetch = 0; fetch < 10; fetch++) after.add(await page())
    expect([...after]).toEqual([otherThan(killed)])
  })

  it('gets none when it does not trust the local CA, unless it is told --doh-insecure', async () => {
    const servers = await startWebServers()
    const words = ['--doh-url', demo.url, `http://ha-demo.bit:${servers.port}/`]
    const stranger = await startDohServer((query) => query)
    expect((await curlOverDoh({ ...demo, ca: stranger.ca }, ...words)).code).toBe(6)
    const insecure = await curlOverDoh({ ...demo, ca: stranger.ca }, '--doh-insecure', ...words)
    expect(insecure.code).toBe(0)
    expect(ADDRESSES).toContain(servedBy(insecure.stdout))
  })

  it('does not resolve a name that nobody registered, nor one outside .bit without an upstream', async () => {
    const names = ['ha-demo.bit', 'never-registered.bit', 'delegated.bit', 'www.example']
    expect(await reachedByCurl(demo, names)).toEqual(['ha-demo.bit'])
  })
})

describe.skipIf(!has('curl'))("curl's longest answer (needs curl)", () => {
  /** An answer of exactly this many octets with one address, the rest filled. */
  const answerOf = (length: number, question: string): Uint8Array => {
    const address = record(QUESTION_NAME, 1, 60, [127, 0, 0, 2])
    const withFiller = (octets: number) =>
      answer({ question, answer: [address], additional: [record([0], 16, 60, new Uint8Array(octets))] })
    return withFiller(length - withFiller(0).length)
  }

  it(`is not shorter than ours: ${MAX_CLIENT_LENGTH} octets`, async () => {
    const server = await startDohServer((query) => {
      const { name, type } = readAsked(query)
      const question = name.slice(0, -1)
      const [length] = /\d+/.exec(name)!
      return type === 1 ? answerOf(Number(length), question) : answer({ question, type })
    })
    const lengths = Array.from({ length: 40 }, (_, index) => MAX_CLIENT_LENGTH - 19 + index)
    const accepted = await reachedByCurl(
      server,
      lengths.map((length) => `octets-${length}.example`),
    )
    const expected = lengths.filter((length) => length <= MAX_CLIENT_LENGTH)
    expect(accepted.slice(0, expected.length)).toEqual(expected.map((length) => `octets-${length}.example`))
  })

  // An address takes 16 octets, so names of 16 lengths make answers of every length; 28 for IPv6.
  const labels = Array.from({ length: 28 }, (_, index) => `many-${'x'.repeat(index)}y`)
  /** On this machine, for curl calls at all of them. */
  const ip = (index: number) => `127.1.${index >> 8}.${index & 0xff}`

  it.each([
    ['A', 16, { min: 180, max: 190, field: 'ip', address: ip }],
    ['AAAA', 28, { min: 100, max: 108, field: 'ip6', address: (index: number) => `::ffff:${ip(index)}` }],
  ])('holds every answer to %s, however many addresses a name has', async (type, octets, many) => {
    const names: Record<string, object> = {}
    for (let count = many.min; count <= many.max; count++) {
      const addresses = Array.from({ length: count }, (_, index) => many.address(index))
      for (const label of labels) names[`d/${label}${count}`] = { [many.field]: addresses }
    }
    const hosts = Object.keys(names).map((name) => `${name.slice('d/'.length)}.bit`)
    const gateway = await startGateway(['--names', namesFile(names), '--upstream', 'none'])
    expect(await reachedByCurl(gateway, hosts)).toEqual(hosts)

    const number = type === 'A' ? 1 : 28
    const urls = hosts.map((question) => {
      const dns = Buffer.from(query({ question, type: number })).toString('base64url')
      return ['-o', '/dev/null', `${gateway.url}?dns=${dns}`]
    })
    const { stdout } = await curlOverDoh(gateway, '-w', '%{size_download}\n', ...urls.flat())
    const sizes = new Set(stdout.trim().split('\n').map(Number))
    const longest = Array.from({ length: octets }, (_, index) => MAX_CLIENT_LENGTH - index)
    expect(
      longest.filter((size) => !sizes.has(size)),
      'lengths that no answer had',
    ).toEqual([])
    expect(Math.max(...sizes)).toBe(MAX_CLIENT_LENGTH)
  })
})

describe.skipIf(!has('curl'))('curl asking for JSON (needs curl)', () => {
  const dialects = [
    ['/resolve', []],
    ['/dns-query', ['-H', 'accept: application/dns-json']],
  ] as const
  const versions = [
    ['1.1', '--http1.1'],
    ['2', '--http2'],
  ] as const
  const all = dialects.flatMap(([path, words]) =>
    versions.map(([version, flag]) => [path, version, [...words, flag]] as const),
  )

  it.each(all)(
    '%s over HTTP/%s: both addresses of jordia65.bit, in both orders',
    async (path, version, words) => {
      const url = `${demo.origin}${path}?name=jordia65.bit&type=A`
      const orders = await ordersOf(async () => {
        const fetched = await fetchWithCurl(demo, ...words, url)
        expect(fetched).toMatchObject({ version, status: 200 })
        expect(fetched.contentType).toMatch(/^application\/(dns-)?json\b/)
        const { Answer } = JSON.parse(fetched.body) as { Answer: { data: string }[] }
        return Answer.map(({ data }) => data)
      })
      expect(orders).toEqual(BOTH_ORDERS)
    },
  )

  it.each([
    ['1.1', '--http1.1'],
    ['2', '--http2-prior-knowledge'],
  ])('with --tls off, over cleartext HTTP/%s', async (version, flag) => {
    const gateway = await startGateway(['--names', 'demo', '--upstream', 'none', '--tls', 'off'])
    const fetched = await fetchWithCurl(demo, flag, `${gateway.origin}/resolve?name=never-registered.bit`)
    expect(fetched).toMatchObject({ version, status: 200 })
    expect(JSON.parse(fetched.body)).toMatchObject({ Status: 3 })
  })
})

const clients: readonly (readonly [DnsClient, Method])[] = [
  ['kdig', '+https'],
  ['kdig', '+https-get'],
  ['dig', '+https'],
  ['dig', '+https-get'],
]

for (const [client, method] of clients) {
  describe.skipIf(!has(client))(`${client} ${method} (needs ${client})`, () => {
    it('gets both addresses of jordia65.bit, in both orders', async () => {
      const orders = await ordersOf(async () => {
        const { status, answer } = await lookUp(client, demo, 'jordia65.bit', 'A', method)
        expect(status).toBe('NOERROR')
        return answer.map(lastWord)
      })
      expect(orders).toEqual(BOTH_ORDERS)
    })

    it.each([
      ['dual.bit', 'AAAA', ['dual.bit. IN AAAA 2001:db8::30', 'dual.bit. IN AAAA 2001:db8::31']],
      ['www.wild.bit', 'A', ['wild.bit. IN A 192.0.2.40', 'www.wild.bit. IN CNAME wild.bit.']],
      ['mail.bit', 'MX', ['mail.bit. IN MX 10 mx.mail.bit.']],
      ['_smtp._tcp.mail.bit', 'SRV', ['_smtp._tcp.mail.bit. IN SRV 10 0 25 mx.mail.bit.']],
      [
        'text.bit',
        'TXT',
        ['text.bit. IN TXT "dnslink=/ipfs/example"', 'text.bit. IN TXT "hello from Namecoin"'],
      ],
      ['bit', 'NS', ['bit. IN NS this.x--nmc.bit.']],
    ])('shows %s %s', async (name, type, expected) => {
      const { status, answer } = await lookUp(client, demo, name, type, method)
      expect({ status, answer: answer.toSorted() }).toEqual({ status: 'NOERROR', answer: expected })
    })

    it('says of a name that nobody registered that there is none, with the SOA', async () => {
      const { status, answer, text } = await lookUp(client, demo, 'never-registered.bit', 'A', method)
      expect({ status, answer }).toEqual({ status: 'NXDOMAIN', answer: [] })
      expect(text).toMatch(/^bit\.\s+\d+\s+IN\s+SOA\s/m)
    })

    it('says why there is no answer', async () => {
      const delegated = await lookUp(client, demo, 'delegated.bit', 'A', method)
      expect(delegated.status).toBe('SERVFAIL')
      expect(delegated.text).toContain('not contacted')
      const outside = await lookUp(client, demo, 'www.example', 'A', method)
      expect(outside.status).toBe('REFUSED')
      expect(outside.text).toContain('this gateway answers .bit names only')
    })
  })
}

describe.skipIf(!has('kdig'))('kdig (needs kdig)', () => {
  it.each([
    ['+https', 'HTTP/2-POST'],
    ['+https-get', 'HTTP/2-GET'],
  ] as const)('%s really is %s, padded both ways', async (method, session) => {
    const { text } = await lookUp('kdig', demo, 'jordia65.bit', 'A', method)
    expect(text).toContain(`(${session})`)
    expect(text).toContain(';; Received 468 B')
  })
})

describe.skipIf(!has('kdig'))('a Namecoin Core behind the gateway (needs kdig)', () => {
  let core: CoreRpcServer
  let gateway: Gateway
  beforeAll(async () => {
    core = await startCoreRpc()
    gateway = await startGateway(['--core-url', core.url, '--network', 'regtest', '--upstream', 'none'])
    return () => core.close()
  })

  it.each([
    ['jordia65.bit', 'A', ['192.0.2.10', '198.51.100.20']],
    ['dual.bit', 'A', ['192.0.2.1', '192.0.2.2', '192.0.2.3']],
    ['dual.bit', 'AAAA', ['2001:db8::1', '2001:db8::2']],
    ['reborn.bit', 'A', ['192.0.2.113']],
    ['updated.bit', 'A', ['192.0.2.107', '192.0.2.108']],
    ['importer.bit', 'A', ['203.0.113.1', '203.0.113.2']],
    ['any.thing.wild.bit', 'A', ['192.0.2.6']],
    ['xn--bcher-kva.bit', 'A', ['192.0.2.77']],
    ['_443._tcp.secure.bit', 'TLSA', expect.any(Array)],
  ])('%s %s', async (name, type, expected) => {
    const { status, answer } = await lookUp('kdig', gateway, name, type)
    expect({ status, answer: answer.map(lastWord).sort() }).toEqual({ status: 'NOERROR', answer: expected })
  })

  it('unicode.bit: all octets of the text, beyond the BMP too', async () => {
    const { answer } = await lookUp('kdig', gateway, 'unicode.bit', 'TXT')
    const octets = '\\197\\190lu\\197\\165ou\\196\\141k\\195\\189 k\\197\\175\\197\\136 \\240\\159\\144\\142'
    expect(answer).toEqual([`unicode.bit. IN TXT "${octets}"`])
  })

  it.each(['nope.bit', 'never-registered.bit', 'UPPER.bit', '123.bit', 'nothing.jordia65.bit'])(
    '%s does not exist',
    async (name) => {
      expect(await lookUp('kdig', gateway, name)).toMatchObject({ status: 'NXDOMAIN', answer: [] })
    },
  )

  it('expired.bit does not exist any more, and the answer says so', async () => {
    const { status, text } = await lookUp('kdig', gateway, 'expired.bit')
    expect(status).toBe('NXDOMAIN')
    expect(text).toContain("the name's registration has expired")
  })

  it('notjson.bit and delegated.bit fail, each with its reason', async () => {
    const bad = await lookUp('kdig', gateway, 'notjson.bit')
    expect(bad.status).toBe('SERVFAIL')
    expect(bad.text).toContain('Invalid Data')
    const delegated = await lookUp('kdig', gateway, 'delegated.bit')
    expect(delegated.status).toBe('SERVFAIL')
    expect(delegated.text).toContain('not contacted')
  })

  it('bit. SOA has the height as its serial', async () => {
    const { answer } = await lookUp('kdig', gateway, 'bit', 'SOA')
    expect(answer).toEqual([expect.stringMatching(/^bit\. IN SOA this\.x--nmc\.bit\. \. 207 /)])
  })

  it('a node that is gone makes no name inexistent', async () => {
    const gone = await startCoreRpc()
    const settings = ['--core-url', gone.url, '--network', 'regtest', '--upstream', 'none']
    const orphan = await startGateway(settings)
    await gone.close()
    for (const name of ['jordia65.bit', 'never-registered.bit']) {
      expect(await lookUp('kdig', orphan, name)).toMatchObject({ status: 'SERVFAIL' })
    }
  })
})

describe.skipIf(!has('kdig'))('a bitdoh as the upstream of another (needs kdig)', () => {
  let root: DohServer
  let outer: Gateway
  beforeAll(async () => {
    root = await startDohServer((query) => {
      const reply = answerUpstream(query)
      return reply === 'hangs' ? new Promise<never>(() => {}) : reply.body
    })
    // What it says of jordia65.bit shows whether it was asked.
    const names = namesFile({ 'd/jordia65': { ip: '192.0.2.99' }, 'd/only-inner': { ip: '192.0.2.99' } })
    const inner = await startGateway(['--names', names, '--upstream', root.url], {
      env: { NODE_EXTRA_CA_CERTS: root.ca },
    })
    outer = await startGateway(['--names', 'demo', '--upstream', inner.url], {
      env: { NODE_EXTRA_CA_CERTS: inner.ca },
    })
  })

  it('answers names outside .bit through both, in a fresh order', async () => {
    const first = new Set<string>()
    for (let lookup = 0; lookup < MAX_LOOKUPS && first.size < 3; lookup++) {
      const { status, answer } = await lookUp('kdig', outer, 'three.example')
      expect(status).toBe('NOERROR')
      expect(answer.map(lastWord).sort()).toEqual(['203.0.113.1', '203.0.113.2', '203.0.113.3'])
      first.add(answer[0]!)
    }
    expect(first.size).toBe(3)
    expect((await lookUp('kdig', outer, 'nx.example')).status).toBe('NXDOMAIN')
    const chain = await lookUp('kdig', outer, 'chain.example')
    expect(chain.answer.slice(0, 2)).toEqual([
      'chain.example. IN CNAME second.example.',
      'second.example. IN CNAME third.example.',
    ])
  })

  it('sends nothing under .bit, and no other name that must not leave, to any upstream', async () => {
    const own = await lookUp('kdig', outer, 'jordia65.bit')
    expect(own.answer.map(lastWord).sort()).toEqual(['192.0.2.10', '198.51.100.20'])
    for (const name of [
      'only-inner.bit',
      'JORDIA65.biT',
      'never-registered.bit',
      'a.b.never-registered.bit',
      'bit',
    ]) {
      expect((await lookUp('kdig', outer, name)).text).not.toContain('192.0.2.99')
    }
    for (const name of [
      'localhost',
      'printer.local',
      'some.onion',
      '_dns.resolver.arpa',
      'use-application-dns.net',
    ]) {
      await lookUp('kdig', outer, name)
    }
    await lookUp('kdig', outer, 'last.example')
    const asked = root.asked.map((query) => readAsked(query).name.toLowerCase())
    expect(asked.at(-1)).toBe('last.example.')
    expect(asked.filter((name) => !name.endsWith('.example.'))).toEqual([])
  })

  it('fails with a reason when its upstream has a certificate that it does not trust', async () => {
    const wary = await startGateway(['--names', 'demo', '--upstream', outer.url])
    const { status, text } = await lookUp('kdig', wary, 'three.example')
    expect(status).toBe('SERVFAIL')
    expect(text).toContain('no upstream can be reached')
    expect((await lookUp('kdig', wary, 'jordia65.bit')).answer).toHaveLength(2)
  })
})
