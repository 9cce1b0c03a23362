import { describe, expect, test } from 'vitest'
import { startTrail } from '../../src/delegation/effort.ts'
import {
  MAX_NAME_LOOKUPS,
  MAX_QUERIES,
  MAX_QUESTIONS_OF_NAME,
  MAX_REFERRALS,
} from '../../src/delegation/limits.ts'
import { Rcode } from '../../src/dns/protocol.ts'
import { name } from '../dns/messages.ts'
import { authority, type Behaviour, delegation, follower, rr, shown } from './nameservers.ts'

const TOP = '9.0.0.1'
const CHILD = '9.0.0.2'
const EVIL = '6.6.6.6'

const top = delegation('example.bit', ['ns.example.bit'], [rr('ns.example.bit', 'A', TOP)])
const cut = [rr('sub.example.bit', 'NS', 'ns.sub.example.bit'), rr('ns.sub.example.bit', 'A', CHILD)] as const
const child = authority('sub.example.bit', rr('www.sub.example.bit', 'A', '192.0.2.80'))
const answered = { rcode: 0, answer: ['www.sub.example.bit. 300 A 192.0.2.80'], authority: [] }

describe('referrals', () => {
  test('downwards are followed, and remembered for as long as they may be', async () => {
    const { ask, log, clock } = follower({
      servers: { [TOP]: authority('example.bit', ...cut), [CHILD]: child },
    })
    expect(shown(await ask(top, 'www.sub.example.bit'))).toEqual(answered)
    expect(log()).toEqual([`${TOP} www.sub.example.bit. A`, `${CHILD} www.sub.example.bit. A`])
    await ask(top, 'www.sub.example.bit', 'AAAA')
    expect(log()).toEqual([`${CHILD} www.sub.example.bit. AAAA`])
    clock.advance(300_000)
    await ask(top, 'www.sub.example.bit')
    expect(log()).toHaveLength(2)
  })

  test('of another value are not used: a new block may bring another delegation', async () => {
    const { ask, log } = follower({
      servers: { [TOP]: authority('example.bit', ...cut), [CHILD]: child, '9.0.0.9': child },
    })
    await ask(top, 'www.sub.example.bit')
    log()
    const moved = delegation('example.bit', ['ns.example.bit'], [rr('ns.example.bit', 'A', '9.0.0.9')])
    await ask(moved, 'www.sub.example.bit')
    expect(log()).toEqual(['9.0.0.9 www.sub.example.bit. A'])
  })

  test('the DS of the zone below is asked of the zone above', async () => {
    const { ask, log } = follower({
      servers: {
        [TOP]: (asked) =>
          asked.type === 'DS'
            ? { authority: [rr('example.bit', 'SOA', '60')] }
            : authority('example.bit', ...cut)(asked),
        [CHILD]: child,
      },
    })
    await ask(top, 'www.sub.example.bit')
    log()
    expect(shown(await ask(top, 'sub.example.bit', 'DS'))).toMatchObject({ rcode: 0, answer: [] })
    expect(log()).toEqual([`${TOP} sub.example.bit. DS`])
  })

  test('deeper and deeper come to an end', async () => {
    let zone = 'example.bit'
    const endless: Behaviour = () => {
      zone = `a.${zone}`
      return {
        isAuthoritative: false,
        authority: [rr(zone, 'NS', `ns.${zone}`)],
        additional: [rr(`ns.${zone}`, 'A', TOP)],
      }
    }
    const { ask, asked } = follower({ servers: { [TOP]: endless } })
    expect(shown(await ask(top, `${'a.'.repeat(60)}example.bit`))).toBe('delegation-exhausting')
    expect(asked).toHaveLength(MAX_REFERRALS + 1)
  })

  test('between two zones that send each other away are lame', async () => {
    const { ask, asked } = follower({
      servers: {
        [TOP]: authority('example.bit', ...cut),
        [CHILD]: () => ({ isAuthoritative: false, authority: [rr('example.bit', 'NS', 'ns.example.bit')] }),
      },
    })
    expect(shown(await ask(top, 'www.sub.example.bit'))).toBe('delegation-lame')
    expect(asked.length).toBeLessThanOrEqual(3)
  })
})

describe('what a zone has no business to say', () => {
  test('records of other zones in an answer', async () => {
    const { ask } = follower({
      servers: {
        [TOP]: () => ({
          answer: [
            rr('bank.bit', 'A', EVIL),
            rr('www.example.bit', 'A', '192.0.2.80'),
            rr('other.example.bit', 'A', EVIL),
          ],
          authority: [rr('bit', 'NS', 'ns.evil.bit')],
          additional: [rr('ns.evil.bit', 'A', EVIL)],
        }),
      },
    })
    expect(shown(await ask(top, 'www.example.bit'))).toEqual({
      rcode: 0,
      answer: ['www.example.bit. 300 A 192.0.2.80'],
      authority: [],
    })
  })

  test('addresses of other zones as glue: they are looked up', async () => {
    const names: string[] = []
    const { ask, log } = follower({
      servers: {
        [TOP]: () => ({
          isAuthoritative: false,
          authority: [rr('sub.example.bit', 'NS', 'ns.bank.bit')],
          additional: [rr('ns.bank.bit', 'A', EVIL)],
        }),
        [CHILD]: child,
      },
      addressesOf: async (server) => {
        names.push(server.join('.'))
        return { addresses: [rr('x', 'A', CHILD).data], ttl: 60 }
      },
    })
    expect(shown(await ask(top, 'www.sub.example.bit'))).toEqual(answered)
    expect(names).toEqual(['ns.bank.bit'])
    expect(log().map((line) => line.split(' ')[0])).toEqual([TOP, CHILD])
  })

  test('addresses of names that are no servers there', async () => {
    const { ask } = follower({
      servers: {
        [TOP]: () => ({
          isAuthoritative: false,
          authority: [cut[0]],
          additional: [cut[1], rr('other.example.bit', 'A', EVIL)],
        }),
        [CHILD]: child,
        [EVIL]: authority('sub.example.bit', rr('www.sub.example.bit', 'A', EVIL)),
      },
    })
    for (let run = 0; run < 8; run++) expect(shown(await ask(top, 'www.sub.example.bit'))).toEqual(answered)
  })

  test('what a name of another zone is, behind its own alias', async () => {
    const { ask } = follower({
      servers: {
        [TOP]: () => ({ answer: [rr('www.example.bit', 'CNAME', 'bank.bit'), rr('bank.bit', 'A', EVIL)] }),
      },
    })
    expect(shown(await ask(top, 'www.example.bit'))).toEqual({
      alias: ['www.example.bit. 300 CNAME bank.bit.'],
      target: 'bank.bit.',
    })
  })
})

describe('aliases', () => {
  const asks = async (records: Parameters<typeof authority>[1][], question: string, type = 'A') => {
    const { ask, log } = follower({ servers: { [TOP]: authority('example.bit', ...records) } })
    return { followed: shown(await ask(top, question, type)), asked: log().length }
  }

  test('that leave the zone are for others to follow', async () => {
    const { followed } = await asks([rr('www.example.bit', 'CNAME', 'cdn.example.net')], 'www.example.bit')
    expect(followed).toEqual({
      alias: ['www.example.bit. 300 CNAME cdn.example.net.'],
      target: 'cdn.example.net.',
    })
  })

  test('inside it are followed here, when the server gives only the first', async () => {
    const { followed, asked } = await asks(
      [
        rr('a.example.bit', 'CNAME', 'b.example.bit'),
        rr('b.example.bit', 'CNAME', 'c.example.bit'),
        rr('c.example.bit', 'A', '192.0.2.3'),
      ],
      'a.example.bit',
    )
    expect(followed).toMatchObject({
      answer: [
        'a.example.bit. 300 CNAME b.example.bit.',
        'b.example.bit. 300 CNAME c.example.bit.',
        'c.example.bit. 300 A 192.0.2.3',
      ],
    })
    expect(asked).toBe(3)
  })

  test('are not followed for CNAME', async () => {
    const { followed } = await asks([rr('a.example.bit', 'CNAME', 'b.example.bit')], 'a.example.bit', 'CNAME')
    expect(followed).toMatchObject({ answer: ['a.example.bit. 300 CNAME b.example.bit.'] })
  })

  test('in a circle, in one message or in several, are an alias loop', async () => {
    const circle = [
      rr('a.example.bit', 'CNAME', 'b.example.bit'),
      rr('b.example.bit', 'CNAME', 'a.example.bit'),
    ]
    expect((await asks(circle, 'a.example.bit')).followed).toBe('alias-loop')
    const { ask, asked } = follower({ servers: { [TOP]: () => ({ answer: circle }) } })
    expect(shown(await ask(top, 'a.example.bit'))).toBe('alias-loop')
    expect(asked).toHaveLength(1)
  })

  test('without end come to one', async () => {
    let number = 0
    const { ask, asked } = follower({
      servers: {
        [TOP]: ({ message }) => ({
          answer: [{ ...rr('x.bit', 'CNAME', `n${number++}.example.bit`), name: message.question!.name }],
        }),
      },
    })
    expect(shown(await ask(top, 'a.example.bit'))).toBe('alias-chain-too-long')
    expect(asked.length).toBeLessThanOrEqual(9)
  })

  test('by DNAME: the CNAME is made here, whatever the server makes of it', async () => {
    const dname = rr('old.example.bit', 'DNAME', 'new.example.bit')
    const { ask } = follower({
      servers: {
        [TOP]: ({ name: asked }) =>
          asked === 'www.new.example.bit.'
            ? { answer: [rr('www.new.example.bit', 'A', '192.0.2.4')] }
            : { answer: [dname, rr('www.old.example.bit', 'CNAME', 'evil.example.bit')] },
      },
    })
    expect(shown(await ask(top, 'www.old.example.bit'))).toMatchObject({
      answer: [
        'old.example.bit. 300 DNAME new.example.bit.',
        'www.old.example.bit. 300 CNAME www.new.example.bit.',
        'www.new.example.bit. 300 A 192.0.2.4',
      ],
    })
  })

  test('by DNAME to a name too long: YXDOMAIN', async () => {
    const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.example.bit`
    const dname = rr('old.example.bit', 'DNAME', long)
    const { ask } = follower({
      servers: { [TOP]: () => ({ rcode: Rcode.YXDOMAIN, answer: [dname] }) },
    })
    expect(shown(await ask(top, `${'d'.repeat(63)}.old.example.bit`))).toMatchObject({
      rcode: Rcode.YXDOMAIN,
    })
  })
})

describe('what one question may cost', () => {
  test('NXNSAttack: of hundreds of servers without addresses a few are looked up', async () => {
    const names: string[] = []
    const { ask, asked } = follower({
      servers: {
        [TOP]: () => ({
          isAuthoritative: false,
          authority: Array.from({ length: 200 }, (_, index) =>
            rr('sub.example.bit', 'NS', `ns${index}.victim.test`),
          ),
        }),
      },
      addressesOf: async (server) => {
        names.push(server.join('.'))
        return { addresses: [], ttl: 0 }
      },
    })
    expect(shown(await ask(top, 'www.sub.example.bit'))).toBe('delegation-no-address')
    expect(names.length).toBe(4)
    expect(asked).toHaveLength(1)
  })

  test('all that a question leads to has one purse', async () => {
    const trail = startTrail()
    const names: string[] = []
    let next = 0
    const splitting: Behaviour = ({ message }) => ({
      isAuthoritative: false,
      authority: Array.from({ length: 4 }, () => ({
        ...rr('x.bit', 'NS', `ns.z${next++}.bit`),
        name: message.question!.name,
      })),
    })
    const world: ReturnType<typeof follower> = follower({
      servers: { [TOP]: splitting },
      // As the gateway does: the name is looked up by following the delegation that it is below.
      addressesOf: async (server, deeper) => {
        names.push(server.join('.'))
        const zone = server.slice(1).join('.')
        const below = delegation(zone, ['ns.example.bit'], [rr('ns.example.bit', 'A', TOP)], {
          serverAddresses: [TOP],
        })
        await world.follow(below, `a.${zone}`, deeper)
        return { addresses: [], ttl: 0 }
      },
    })
    await world.ask(top, 'a.example.bit', 'A', { trail })
    expect(names.length).toBeLessThanOrEqual(MAX_NAME_LOOKUPS)
    expect(world.asked.length).toBeLessThanOrEqual(MAX_QUERIES)
    expect(trail.effort).toMatchObject({ queries: world.asked.length, nameLookups: names.length })
  })

  test('zones whose servers are below one another are found out', async () => {
    const names: string[] = []
    const world: ReturnType<typeof follower> = follower({
      servers: {},
      addressesOf: async (server, deeper) => {
        names.push(server.join('.'))
        const other = server.at(-2) === 'a' ? ['ns.b.bit'] : ['ns.a.bit']
        await world.follow(delegation(server.slice(-2).join('.'), other), server.join('.'), deeper)
        return { addresses: [], ttl: 0 }
      },
    })
    expect(shown(await world.ask(delegation('a.bit', ['ns.b.bit']), 'www.a.bit'))).toBe(
      'delegation-no-address',
    )
    expect(names).toEqual(['ns.b.bit', 'ns.a.bit'])
  })

  test('a hundred addresses of lame servers', async () => {
    const addresses = Array.from({ length: 100 }, (_, index) => `9.1.0.${index}`)
    const lame: Behaviour = () => ({ rcode: Rcode.REFUSED })
    const { ask, asked } = follower({
      servers: Object.fromEntries(addresses.map((address) => [address, lame])),
    })
    const many = delegation('example.bit', [], [], { serverAddresses: addresses })
    expect(shown(await ask(many, 'www.example.bit'))).toBe('delegation-lame')
    expect(asked).toHaveLength(13)
  })

  test('servers that always want TCP, or always fail at EDNS', async () => {
    const { ask, asked } = follower({
      servers: {
        [TOP]: ({ message, transport }) =>
          message.edns === undefined ? { isTruncated: transport === 'udp' } : { rcode: Rcode.FORMERR },
      },
    })
    expect(shown(await ask(top, 'www.example.bit'))).toBe('delegation-lame')
    expect(asked.length).toBeLessThanOrEqual(4)
  })

  test('many questions of one zone at once: beyond a bound they are refused, and other zones are not', async () => {
    const OTHER = '9.0.0.7'
    const { ask } = follower({
      servers: {
        [TOP]: () => 'silent',
        [OTHER]: authority('other.bit', rr('www.other.bit', 'A', '192.0.2.1')),
      },
    })
    const many = Promise.all(Array.from({ length: 60 }, (_, index) => ask(top, `${index}.example.bit`)))
    const other = delegation('other.bit', [], [], { serverAddresses: [OTHER] })
    expect(await ask(other, 'www.other.bit')).toMatchObject({ kind: 'answer' })
    const codes = (await many).map(shown)
    expect(codes.filter((code) => code === 'delegation-overloaded')).toHaveLength(60 - MAX_QUESTIONS_OF_NAME)
    // They have left: there is room again.
    expect(shown(await ask(top, 'www.example.bit'))).toBe('delegation-timeout')
  })

  test('a name that cannot be had in time', async () => {
    const { ask, clock } = follower({
      servers: {},
      addressesOf: () => new Promise(() => {}),
    })
    const since = clock.now()
    const outside = delegation('example.bit', ['ns.elsewhere.test'])
    expect(shown(await ask(outside, 'www.example.bit'))).toMatch(/^delegation-/)
    expect(clock.now() - since).toBeLessThanOrEqual(4_500)
  })
})

describe('whether a zone is signed', () => {
  test('when that could not be found out, is not taken for no', async () => {
    const { ask, asked } = follower({ servers: { [TOP]: authority('example.bit') } })
    const unknown = { ...top, ds: undefined }
    expect(shown(await ask(unknown, 'www.example.bit'))).toBe('delegation-unknown-keys')
    expect(asked).toEqual([])
    expect(shown(await ask(unknown, 'www.example.bit', 'A', { checkingDisabled: true }))).toMatchObject({
      rcode: 3,
    })
  })

  test('a zone with DS that shows no keys is bogus, also when another server might have better; with CD it is answered', async () => {
    const ds = [
      {
        name: name('example.bit'),
        type: 43,
        ttl: 600,
        data: Uint8Array.of(1, 2, 13, 2, ...new Uint8Array(32)),
      },
    ]
    const signed = { ...top, ds }
    const unsigned = authority('example.bit', rr('www.example.bit', 'A', '192.0.2.80'))
    const { ask } = follower({ servers: { [TOP]: unsigned } })
    expect(shown(await ask(signed, 'www.example.bit'))).toBe('bogus 9')
    const followed = await ask(signed, 'www.example.bit', 'A', { checkingDisabled: true })
    expect(followed).toMatchObject({ kind: 'answer', isSecure: false })
  })

  test('by algorithms not known here, it is not', async () => {
    const ds = [
      {
        name: name('example.bit'),
        type: 43,
        ttl: 600,
        data: Uint8Array.of(1, 2, 253, 2, ...new Uint8Array(32)),
      },
    ]
    const unsigned = authority('example.bit', rr('www.example.bit', 'A', '192.0.2.80'))
    const { ask } = follower({ servers: { [TOP]: unsigned } })
    expect(await ask({ ...top, ds }, 'www.example.bit')).toMatchObject({ kind: 'answer', isSecure: false })
  })
})
