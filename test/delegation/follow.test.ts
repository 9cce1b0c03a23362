import { describe, expect, test } from 'vitest'
import { Rcode } from '../../src/dns/protocol.ts'
import { authority, type Behaviour, delegation, follower, isFlagSet, rr, shown } from './nameservers.ts'

// Addresses on the public Internet; nobody is asked there.
const ONE = '9.0.0.1'
const TWO = '9.0.0.2'

const glue = [rr('ns1.example.bit', 'A', ONE)]
const one = delegation('example.bit', ['ns1.example.bit'], glue)
const both = delegation(
  'example.bit',
  ['ns1.example.bit', 'ns2.example.bit'],
  [...glue, rr('ns2.example.bit', 'A', TWO)],
)
const www = rr('www.example.bit', 'A', '192.0.2.80')
const zone = authority('example.bit', www, rr('example.bit', 'A', '192.0.2.1'))
const answered = { rcode: 0, answer: ['www.example.bit. 300 A 192.0.2.80'], authority: [] }
const silent: Behaviour = () => 'silent'

describe('a question for the name’s own nameserver', () => {
  test('is answered with what it says', async () => {
    const { ask, log } = follower({ servers: { [ONE]: zone } })
    expect(shown(await ask(one, 'www.example.bit'))).toEqual(answered)
    expect(log()).toEqual([`${ONE} www.example.bit. A`])
  })

  test('carries no RD, an id and a case thrown anew, EDNS with 1,232 octets, and DO only for whom wants it', async () => {
    const { ask, asked } = follower({ servers: { [ONE]: zone } })
    const long = `${'abcdefghijklmnopqrstuvwxyz'.repeat(2)}.example.bit`
    await ask(one, long)
    await ask(one, long)
    await ask(one, long, 'A', { dnssecOk: true })
    expect(asked.map((query) => isFlagSet(query, 'RD'))).toEqual([false, false, false])
    expect(asked.map(({ message }) => message.edns?.dnssecOk)).toEqual([false, false, true])
    expect(new Set(asked.map(({ message }) => message.question!.name.join('.'))).size).toBe(3)
    expect(new Set(asked.map(({ message }) => message.id)).size).toBeGreaterThan(1)
  })

  test('goes over TCP where there is no UDP, in lower case', async () => {
    const { ask, asked } = follower({ servers: { [ONE]: zone }, withoutUdp: true })
    expect(shown(await ask(one, 'www.example.bit'))).toEqual(answered)
    expect(asked.map(({ transport, message }) => [transport, message.question!.name.join('.')])).toEqual([
      ['tcp', 'www.example.bit'],
    ])
  })

  test('may be answered by nobody being there, with the SOA of the zone', async () => {
    const { ask } = follower({ servers: { [ONE]: zone } })
    const soa = [expect.stringMatching(/^example\.bit\. 60 SOA /)]
    expect(shown(await ask(one, 'no.example.bit'))).toEqual({ rcode: 3, answer: [], authority: soa })
    expect(shown(await ask(one, 'www.example.bit', 'AAAA'))).toEqual({ rcode: 0, answer: [], authority: soa })
  })

  test('for a server’s own name is answered by the zone: glue is a hint', async () => {
    const own = rr('ns1.example.bit', 'A', '192.0.2.53')
    const { ask } = follower({ servers: { [ONE]: authority('example.bit', own) } })
    expect(shown(await ask(one, 'ns1.example.bit'))).toMatchObject({
      answer: ['ns1.example.bit. 300 A 192.0.2.53'],
    })
  })
})

describe('servers', () => {
  const addresses = async (name: string) =>
    name === 'ns.elsewhere.test.' ? [ONE] : name === 'ns1.host.net.' ? [TWO] : []

  const lookingUp = (servers: Readonly<Record<string, Behaviour>>) => {
    const names: string[] = []
    const world = follower({
      servers,
      addressesOf: async (name) => {
        const text = `${name.join('.')}.`
        names.push(text)
        const found = await addresses(text)
        return { addresses: found.map((address) => rr('x', 'A', address).data), ttl: 300 }
      },
    })
    return { ...world, names }
  }

  test('without glue are looked up, and kept', async () => {
    const { ask, names } = lookingUp({ [ONE]: zone })
    const outside = delegation('example.bit', ['ns.elsewhere.test'])
    expect(shown(await ask(outside, 'www.example.bit'))).toEqual(answered)
    await ask(outside, 'example.bit')
    expect(names).toEqual(['ns.elsewhere.test.'])
  })

  test('given as addresses are asked; names without the final dot are what they were meant for', async () => {
    const { ask } = lookingUp({ [TWO]: zone })
    const literal = delegation('example.bit', [], [], { serverAddresses: [TWO] })
    expect(shown(await ask(literal, 'www.example.bit'))).toEqual(answered)
    const undotted = delegation('example.bit', ['ns1.host.net.example.bit'], [], {
      undottedServers: [['ns1', 'host', 'net']],
    })
    expect(shown(await ask(undotted, 'www.example.bit'))).toEqual(answered)
  })

  test('inside the zone without glue are a circle: nobody is asked, nothing looked up', async () => {
    const { ask, names, asked } = lookingUp({})
    expect(shown(await ask(delegation('example.bit', ['ns1.example.bit']), 'www.example.bit'))).toBe(
      'delegation-no-address',
    )
    expect([...names, ...asked]).toEqual([])
  })

  test.each<[string, Behaviour]>([
    ['refuses', () => ({ rcode: Rcode.REFUSED })],
    ['fails', () => ({ rcode: Rcode.SERVFAIL })],
    ['is not authoritative', () => ({ isAuthoritative: false, answer: [www] })],
    ['refers to above', () => ({ isAuthoritative: false, authority: [rr('bit', 'NS', 'ns.bit')] })],
    ['refers to itself', () => ({ isAuthoritative: false, authority: [rr('example.bit', 'NS', 'ns.bit')] })],
    ['refers sideways', () => ({ isAuthoritative: false, authority: [rr('x.example.bit', 'NS', 'ns.bit')] })],
    ['says nothing', () => ({})],
    ['denies without a SOA', () => ({ rcode: Rcode.NXDOMAIN })],
    [
      'denies with another zone’s SOA',
      () => ({ rcode: Rcode.NXDOMAIN, authority: [rr('bit', 'SOA', '60')] }),
    ],
    ['answers with octets that are no message', () => new Uint8Array(20)],
    [
      'sends thousands of records',
      () => ({ answer: Array.from({ length: 501 }, () => rr('www.example.bit', 'A', '192.0.2.80')) }),
    ],
    ['is not there', () => 'refused'],
    ['never answers', () => 'silent'],
  ])('of which one %s: the other one is asked, and one alone is SERVFAIL', async (_what, behaviour) => {
    // Each is the first one asked in about half of the runs.
    for (let run = 0; run < 8; run++) {
      const { ask, clock } = follower({ servers: { [ONE]: behaviour, [TWO]: zone } })
      const since = clock.now()
      expect(shown(await ask(both, 'www.example.bit'))).toEqual(answered)
      expect(clock.now() - since).toBeLessThan(1_000)
    }
    const { ask } = follower({ servers: { [ONE]: behaviour } })
    expect(shown(await ask(one, 'www.example.bit'))).toMatch(/^delegation-(lame|network|timeout)$/)
  })

  test('one that lost a datagram is asked again', async () => {
    let lost = 0
    const { ask } = follower({ servers: { [ONE]: (query) => (lost++ === 0 ? 'silent' : zone(query)) } })
    expect(shown(await ask(one, 'www.example.bit'))).toEqual(answered)
  })

  test('a slow one is still heard after another was asked', async () => {
    const { ask, asked } = follower({
      servers: { [ONE]: silent, [TWO]: ({ message }) => (message.id >= 0 ? 'silent' : 'refused') },
    })
    expect(shown(await ask(both, 'www.example.bit'))).toBe('delegation-timeout')
    expect(asked.length).toBeLessThanOrEqual(6)
  })

  test('that are dead come last, and are tried again after a while', async () => {
    const { ask, log, clock } = follower({ servers: { [ONE]: silent, [TWO]: zone } })
    for (let run = 0; run < 20; run++) await ask(both, `${run}.example.bit`)
    log()
    for (let run = 20; run < 40; run++) await ask(both, `${run}.example.bit`)
    expect(log().every((line) => line.startsWith(TWO))).toBe(true)
    clock.advance(900_000)
    for (let run = 40; run < 80; run++) await ask(both, `${run}.example.bit`)
    expect(log().some((line) => line.startsWith(ONE))).toBe(true)
  })
})

describe('addresses that are not contacted', () => {
  test.each([
    '127.0.0.1',
    '127.255.0.53',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.251',
    '255.255.255.255',
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.1',
    '198.18.0.1',
    '::',
    '::1',
    'fe80::1',
    'fd00::1',
    'ff02::fb',
    '2001:db8::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::127.0.0.1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2002:c0a8:101::1',
    '2001::1',
  ])('%s', async (address) => {
    const behaviours = { [address]: zone }
    const { ask, asked } = follower({ servers: behaviours })
    const literal = delegation('example.bit', [], [], { serverAddresses: [address] })
    expect(shown(await ask(literal, 'www.example.bit'))).toBe('delegation-forbidden')
    const type = address.includes(':') ? 'AAAA' : 'A'
    const named = delegation('example.bit', ['ns1.example.bit'], [rr('ns1.example.bit', type, address)])
    expect(shown(await ask(named, 'www.example.bit'))).toBe('delegation-forbidden')
    expect(asked).toEqual([])
  })

  test('are left out, and the others asked', async () => {
    const { ask, log } = follower({ servers: { [ONE]: zone } })
    const mixed = delegation('example.bit', [], [], { serverAddresses: ['127.0.0.1', '::1', ONE] })
    expect(shown(await ask(mixed, 'www.example.bit'))).toEqual(answered)
    expect(log()).toEqual([`${ONE} www.example.bit. A`])
  })

  test('are this machine’s own too, in whatever spelling', async () => {
    const { ask, asked } = follower({ servers: {}, own: [ONE, '2a00:0:0:0::1%eth0'] })
    const own = delegation('example.bit', [], [], { serverAddresses: [ONE, '2a00::1', `::ffff:${ONE}`] })
    expect(shown(await ask(own, 'www.example.bit'))).toBe('delegation-forbidden')
    expect(asked).toEqual([])
  })

  test('unless they are allowed; an address in IPv6 clothes is the one that it is', async () => {
    const allowed = [{ length: 4, prefix: [127, 0, 0], bits: 24 }]
    const { ask, log } = follower({ servers: { '127.0.0.53': zone }, allowed })
    const literal = (address: string) => delegation('example.bit', [], [], { serverAddresses: [address] })
    expect(shown(await ask(literal('127.0.0.53'), 'www.example.bit'))).toEqual(answered)
    expect(shown(await ask(literal('::ffff:127.0.0.53'), 'www.example.bit'))).toEqual(answered)
    expect(shown(await ask(literal('127.0.1.53'), 'www.example.bit'))).toBe('delegation-forbidden')
    expect(log()).toEqual(['127.0.0.53 www.example.bit. A', '127.0.0.53 www.example.bit. A'])
  })
})

describe('answers that are none', () => {
  /** A forger before the server: what it says must not be taken. */
  const forged = rr('www.example.bit', 'A', '6.6.6.6')
  const before =
    (forgery: (asked: Parameters<Behaviour>[0]) => object): Behaviour =>
    (asked) => [{ answer: [forged], ...forgery(asked) }, zone(asked) as object]

  test.each<[string, Behaviour]>([
    ['another id', before(({ message }) => ({ id: message.id ^ 1 }))],
    ['another name', before(() => ({ question: { name: ['ww', 'example', 'bit'] } }))],
    ['another type', before(() => ({ question: { type: 28 } }))],
    ['another class', before(() => ({ question: { class: 3 } }))],
  ])('%s: passed over, the answer behind it is taken', async (_what, behaviour) => {
    const { ask } = follower({ servers: { [ONE]: behaviour } })
    expect(shown(await ask(one, 'www.example.bit'))).toEqual(answered)
  })

  test('the name in another case: asked again over TCP', async () => {
    const { ask, asked } = follower({
      servers: {
        [ONE]: (query) =>
          query.transport === 'tcp'
            ? zone(query)
            : {
                answer: [forged],
                question: {
                  name: query.message.question!.name.map((label) =>
                    label.replace(/[a-z]/gi, (letter) =>
                      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
                    ),
                  ),
                },
              },
      },
    })
    expect(shown(await ask(one, 'www.example.bit'))).toEqual(answered)
    expect(asked.map(({ transport }) => transport)).toEqual(['udp', 'tcp'])
  })

  test('cut off: asked again over TCP', async () => {
    const { ask, asked } = follower({
      servers: {
        [ONE]: (query) => (query.transport === 'tcp' ? zone(query) : { isTruncated: true, answer: [forged] }),
      },
    })
    expect(shown(await ask(one, 'www.example.bit'))).toEqual(answered)
    expect(asked.map(({ transport }) => transport)).toEqual(['udp', 'tcp'])
  })

  test('FORMERR to EDNS: asked again without, and from then on', async () => {
    const { ask, asked } = follower({
      servers: {
        [ONE]: (query) =>
          query.message.edns === undefined ? zone(query) : { rcode: Rcode.FORMERR, isAuthoritative: false },
      },
    })
    expect(shown(await ask(one, 'www.example.bit'))).toEqual(answered)
    await ask(one, 'example.bit')
    expect(asked.map(({ message }) => message.edns !== undefined)).toEqual([true, false, false])
  })
})
