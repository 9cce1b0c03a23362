import { describe, expect, test } from 'vitest'
import { readMessage } from '../../src/dns/message.ts'
import type { NameOutcome, NameSource, UnreachableCode } from '../../src/namecoin/source.ts'
import type { UpstreamAddress } from '../../src/upstream/address.ts'
import { failed, type UpstreamTransport } from '../../src/upstream/transport.ts'
import { answer, QUESTION_NAME, record, wire } from '../dns/messages.ts'
import { coreWorld, namesWorld, noUpstream, world } from './world.ts'

const SOA = expect.stringMatching(/^bit\. \d+ SOA /)

/** A source that says this of every name. */
const saying = (outcome: NameOutcome): NameSource => ({
  name: 'test',
  lookup: async () => outcome,
  tip: () => ({ epoch: '1', height: 9 }),
  state: async () => ({ kind: 'ready', tip: { epoch: '1' } }),
  close: () => {},
})

describe('aliases', () => {
  test('are followed through several names of .bit, in order', async () => {
    const { ask } = namesWorld({
      'd/a': { alias: 'www.b.bit.' },
      'd/b': { map: { www: { alias: 'c.bit.' } } },
      'd/c': { ip: '192.0.2.3' },
    })
    expect((await ask('a.bit')).answer).toEqual([
      'a.bit. 600 CNAME www.b.bit.',
      'www.b.bit. 600 CNAME c.bit.',
      'c.bit. 600 A 192.0.2.3',
    ])
  })

  test('RFC 6604: the response code is that of the last name', async () => {
    const { ask } = namesWorld({ 'd/a': { alias: 'nobody.bit.' } })
    expect(await ask('a.bit')).toMatchObject({
      rcode: 'NXDOMAIN',
      answer: ['a.bit. 600 CNAME nobody.bit.'],
      authority: [SOA],
    })
  })

  test.each([
    ['to itself by way of another', { 'd/a': { alias: 'b.bit.' }, 'd/b': { alias: 'a.bit.' } }],
    ['through translate', { 'd/a': { alias: 'x.b.bit.' }, 'd/b': { translate: 'a.bit.' } }],
  ])('that loop %s end in SERVFAIL', async (_how, names) => {
    const { ask } = namesWorld(names)
    const read = await ask('a.bit')
    expect(['SERVFAIL', 'NXDOMAIN']).toContain(read.rcode)
  })

  test('in a loop: SERVFAIL, and the error says so', async () => {
    const { ask } = namesWorld({ 'd/a': { alias: 'b.bit.' }, 'd/b': { alias: 'a.bit.' } })
    expect(await ask('a.bit')).toMatchObject({
      rcode: 'SERVFAIL',
      errors: [{ code: 24, text: expect.stringContaining('leads back') }],
    })
  })

  test('beyond twelve are not followed', async () => {
    const names = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`d/n${index}`, { alias: `n${index + 1}.bit.` }]),
    )
    expect(await namesWorld(names).ask('n0.bit')).toMatchObject({
      rcode: 'SERVFAIL',
      errors: [{ text: expect.stringContaining('too many') }],
    })
  })

  test('to names that must not leave are answered here', async () => {
    const { ask } = namesWorld({ 'd/a': { alias: 'localhost.' }, 'd/b': { alias: 'printer.local.' } })
    expect((await ask('a.bit')).answer).toEqual([
      'a.bit. 600 CNAME localhost.',
      'localhost. 3600 A 127.0.0.1',
    ])
    expect((await ask('b.bit')).rcode).toBe('NXDOMAIN')
  })

  test('are not followed for CNAME', async () => {
    const { ask } = namesWorld({ 'd/a': { alias: 'example.com.' } })
    expect((await ask('a.bit', 'CNAME')).answer).toEqual(['a.bit. 600 CNAME example.com.'])
  })
})

describe('aliases out of .bit', () => {
  const names = {
    'd/a': { alias: 'www.example.' },
    'd/b': { alias: 'www.example.' },
    'd/t': { translate: 'example.' },
  }
  const upstream = (message: (question: string) => Uint8Array) => {
    let asked = 0
    const transport: UpstreamTransport = {
      async exchange(_upstream, sent) {
        asked++
        const { name } = readMessage(sent)!.question!
        return { kind: 'reply', message: message(name.join('.')) }
      },
    }
    return { transport, asked: () => asked }
  }
  const a = (...address: number[]) => record(QUESTION_NAME, 1, 60, address)

  test('are one question to the upstream, however many names have them', async () => {
    const { transport, asked } = upstream((question) => answer({ question, answer: [a(192, 0, 2, 1)] }))
    const { ask, clock } = namesWorld(names, { transport })
    expect((await ask('a.bit')).answer).toEqual([
      'a.bit. 600 CNAME www.example.',
      'www.example. 60 A 192.0.2.1',
    ])
    clock.advance(10_000)
    expect((await ask('b.bit')).answer).toEqual([
      'b.bit. 600 CNAME www.example.',
      'www.example. 50 A 192.0.2.1',
    ])
    expect(asked()).toBe(1)
  })

  test('bring the records at their end and no others: clients refuse a message with more', async () => {
    const { transport } = upstream((question) =>
      answer({
        question,
        answer: [
          record(QUESTION_NAME, 5, 60, wire('end.example')),
          record(wire('end.example'), 1, 60, [192, 0, 2, 1]),
          record(wire('other.example'), 1, 60, [192, 0, 2, 2]),
          record(wire('end.example'), 16, 60, [1, 65]),
        ],
      }),
    )
    expect((await namesWorld(names, { transport }).ask('a.bit')).answer).toEqual([
      'a.bit. 600 CNAME www.example.',
      'www.example. 60 CNAME end.example.',
      'end.example. 60 A 192.0.2.1',
    ])
  })

  test('keep TC, and claim no authority for a failure', async () => {
    const truncated = upstream((question) => answer({ question, flags: 0x8380 }))
    expect((await namesWorld(names, { transport: truncated.transport }).ask('a.bit')).flags).toEqual([
      'AA',
      'TC',
    ])
    const failing = upstream((question) => answer({ question, flags: 0x8182 }))
    expect(await namesWorld(names, { transport: failing.transport }).ask('a.bit')).toMatchObject({
      rcode: 'SERVFAIL',
      flags: [],
      errors: [{ text: 'the upstream says SERVFAIL' }],
    })
  })

  test('do not smuggle private addresses past private-answers strip', async () => {
    const { transport } = upstream((question) =>
      answer({ question, answer: [a(192, 168, 0, 1), a(192, 0, 2, 1)] }),
    )
    const { ask } = namesWorld(
      { ...names, 'd/l': { alias: 'localhost.' } },
      { transport, privateAnswers: 'strip' },
    )
    for (const name of ['a.bit', 'www.t.bit']) {
      const { answer: records, errors } = await ask(name)
      expect(records.filter((line) => line.includes(' A '))).toEqual(['www.example. 60 A 192.0.2.1'])
      expect(errors).toMatchObject([{ code: 17 }])
    }
    expect((await ask('l.bit')).answer).toEqual(['l.bit. 600 CNAME localhost.'])
  })
})

describe('nothing under .bit leaves', () => {
  test.each(['a.bit', 'A.BIT', 'x.y.never.bit', 'bit', '_x.bit', 'a\\.b.bit', '\\000.bit'])(
    '%s',
    async (name) => {
      const asked: string[] = []
      const transport = {
        exchange: ({ url }: UpstreamAddress) => {
          asked.push(url)
          return Promise.resolve(failed('protocol', 'asked'))
        },
      }
      await namesWorld({}, { transport }).ask(name)
      expect(asked).toEqual([])
    },
  )
  test('names that only look like it go to the upstream', async () => {
    let asked = 0
    const transport = {
      exchange: () => {
        asked++
        return Promise.resolve(failed('protocol', 'asked'))
      },
    }
    const { ask } = namesWorld({}, { transport })
    for (const name of ['abit', 'bit.example', 'x\\003bit', 'a\\.bit']) await ask(name)
    expect(asked).toBe(4)
  })
})

describe('a source that fails is never NXDOMAIN', () => {
  test.each<[UnreachableCode, number]>([
    ['timeout', 22],
    ['network', 23],
    ['credentials', 0],
    ['overloaded', 22],
    ['warming-up', 26],
    ['syncing', 26],
    ['protocol', 23],
  ])('%s: SERVFAIL with Extended DNS Error %i', async (code, error) => {
    const { ask } = world({ source: saying({ kind: 'unreachable', code, detail: '' }) })
    expect(await ask('a.bit')).toMatchObject({
      rcode: 'SERVFAIL',
      answer: [],
      authority: [],
      errors: [{ code: error }],
    })
  })
  test('a value that cannot be had: SERVFAIL, Invalid Data', async () => {
    const { ask } = world({ source: saying({ kind: 'invalid', detail: '' }) })
    expect(await ask('a.bit')).toMatchObject({ rcode: 'SERVFAIL', errors: [{ code: 24 }] })
  })
  test('an import that cannot be asked for: SERVFAIL, not NODATA', async () => {
    const source = saying({ kind: 'unreachable', code: 'network', detail: '' })
    const { ask } = world({
      source: {
        ...source,
        lookup: async (name, signal) =>
          name === 'd/a'
            ? { kind: 'found', value: new TextEncoder().encode('{"import":"dd/b"}') }
            : source.lookup(name, signal),
      },
    })
    expect(await ask('a.bit')).toMatchObject({ rcode: 'SERVFAIL', errors: [{ code: 23 }] })
  })
  test('a stage that throws: SERVFAIL, and the process goes on', async () => {
    const { ask } = world({
      source: { ...saying({ kind: 'absent' }), lookup: () => Promise.reject(new Error('bug')) },
    })
    expect((await ask('a.bit')).rcode).toBe('SERVFAIL')
  })
})

describe('private addresses', () => {
  const names = { 'd/a': { ip: ['10.0.0.1', '192.0.2.1', '127.0.0.1'], ip6: ['fd00::1', '::ffff:10.0.0.1'] } }
  test('are given out unless told otherwise', async () => {
    expect((await namesWorld(names).ask('a.bit')).answer).toHaveLength(3)
  })
  test('are left out with private-answers strip, and the answer says so', async () => {
    const { ask } = namesWorld(names, { privateAnswers: 'strip' })
    expect(await ask('a.bit')).toMatchObject({ answer: ['a.bit. 600 A 192.0.2.1'], errors: [{ code: 17 }] })
    expect(await ask('a.bit', 'AAAA')).toMatchObject({
      rcode: 'NOERROR',
      answer: [],
      authority: [SOA],
      errors: [{ code: 17 }],
    })
  })
})

describe('how long answers live', () => {
  test('600 seconds, and not beyond the name’s expiry', async () => {
    const expiring = (expiresIn: number) =>
      world({
        source: saying({ kind: 'found', value: new TextEncoder().encode('{"ip":"192.0.2.1"}'), expiresIn }),
      })
    expect((await expiring(5_000).ask('a.bit')).answer).toEqual(['a.bit. 600 A 192.0.2.1'])
    expect((await expiring(1).ask('a.bit')).answer).toEqual(['a.bit. 600 A 192.0.2.1'])
    expect((await expiring(0.5).ask('a.bit')).answer).toEqual(['a.bit. 300 A 192.0.2.1'])
  })

  test('from the cache, counted down', async () => {
    const { ask, clock, calls } = coreWorld()
    await ask('single.bit')
    const before = calls.filter((method) => method === 'name_show').length
    clock.advance(10_000)
    expect((await ask('single.bit')).answer).toEqual(['single.bit. 590 A 192.0.2.1'])
    expect(calls.filter((method) => method === 'name_show').length).toBe(before)
  })

  test('a changed names file is used at once', async () => {
    const { ask, replace } = namesWorld({ 'd/a': { ip: '192.0.2.1' } })
    expect((await ask('a.bit')).answer).toEqual(['a.bit. 600 A 192.0.2.1'])
    replace({ 'd/a': { ip: '192.0.2.2' } })
    expect((await ask('a.bit')).answer).toEqual(['a.bit. 600 A 192.0.2.2'])
    replace({})
    expect((await ask('a.bit')).rcode).toBe('NXDOMAIN')
    replace({ 'd/a': { ip: '192.0.2.1' } })
    expect((await ask('a.bit')).answer).toEqual(['a.bit. 600 A 192.0.2.1'])
  })

  test('a new block makes old values unusable, imports among them', async () => {
    let block = 1
    const { ask, clock } = coreWorld({
      changes: () => ({
        chain: { bestblockhash: String(block).padStart(64, '0'), blocks: 206 + block },
        names: new Map([['dd/shared', `{"ip":"192.0.2.${block}"}`]]),
      }),
    })
    expect((await ask('importer.bit')).answer).toEqual(['importer.bit. 600 A 192.0.2.1'])
    block = 2
    clock.advance(2_000)
    expect((await ask('importer.bit')).answer).toEqual(['importer.bit. 600 A 192.0.2.2'])
    expect((await ask('nope.bit')).authority).toEqual([expect.stringContaining(' 208 ')])
  })

  test('a node that stops answering does not take cached answers away', async () => {
    let down = false
    const { ask, clock } = coreWorld({
      changes: () => {
        if (down) throw new Error('down')
        return {}
      },
    })
    await ask('single.bit')
    down = true
    clock.advance(60_000)
    expect((await ask('single.bit')).answer).toEqual(['single.bit. 540 A 192.0.2.1'])
    expect((await ask('dual.bit')).rcode).toBe('SERVFAIL')
  })

  test('cache-entries 0: every question is asked anew', async () => {
    const { ask, calls } = coreWorld({ cacheEntries: 0 })
    await ask('single.bit')
    await ask('single.bit')
    expect(calls.filter((method) => method === 'name_show')).toHaveLength(2)
  })

  test('one flight for identical questions', async () => {
    const { ask, calls } = coreWorld()
    await Promise.all(Array.from({ length: 50 }, () => ask('dual.bit')))
    expect(calls.filter((method) => method === 'name_show')).toHaveLength(1)
  })

  test('RFC 9520: a failure is kept for a second, not longer', async () => {
    let asked = 0
    const source = {
      ...saying({ kind: 'absent' }),
      lookup: async (): Promise<NameOutcome> => {
        asked++
        return { kind: 'unreachable', code: 'network', detail: '' }
      },
    }
    const { ask, clock } = world({ source, transport: noUpstream })
    await ask('a.bit')
    await ask('a.bit')
    expect(asked).toBe(1)
    clock.advance(1_000)
    await ask('a.bit')
    expect(asked).toBe(2)
  })
})
