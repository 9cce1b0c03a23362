import { describe, expect, test } from 'vitest'
import { packAnswer } from '../../src/dns/packed.ts'
import { Rcode } from '../../src/dns/protocol.ts'
import { createExchange } from '../../src/http/exchange.ts'
import { FAILURES, type FailureCode } from '../../src/resolver/failure.ts'
import type { Answerer } from '../../src/resolver/question.ts'
import { CLIENT_RESPONSE_MS } from '../../src/resolver/stale.ts'
import { answer } from '../dns/messages.ts'
import { settled } from '../namecoin/clock.ts'
import { address, failing, later, nothing, scripted } from './scripted.ts'

const STALE = { code: 3, text: 'no newer answer could be had in time' }
const HOUR = 3_600
const codes = Object.keys(FAILURES) as FailureCode[]
const findings = codes.filter((code) => FAILURES[code].nature === 'finding')
const outages = codes.filter((code) => FAILURES[code].nature !== 'finding')

/** An upstream's own failure: SERVFAIL with these Extended DNS Errors. */
const upstreamSays =
  (rcode: number, ...errors: number[]): Answerer =>
  async (question) => ({
    ...packAnswer(answer({ question: question.name.join('.'), flags: 0x8180 | rcode }))!,
    options: Uint8Array.from(errors.flatMap((code) => [0, 15, 0, 2, 0, code])),
  })

describe('RFC 8767 §4: after a failure, what is known from before', () => {
  test.each(outages)('%s', async (code) => {
    const { ask, say, after } = scripted()
    await ask('www.example')
    after(60)
    say(failing(code))
    expect(await ask('www.example')).toEqual({
      rcode: 'NOERROR',
      flags: [],
      answer: ['www.example. 30 A 192.0.2.1'],
      authority: [],
      errors: [STALE],
      cacheControl: 'max-age=30',
    })
  })

  test.each(findings)('but not after %s, which says something about the data', async (code) => {
    const { ask, say, after } = scripted()
    await ask('www.example')
    after(60)
    say(failing(code))
    expect((await ask('www.example')).answer).toEqual([])
    // Nor later: what was known before is out of date.
    after(60)
    say(failing('upstream-network'))
    expect((await ask('www.example')).rcode).toBe('SERVFAIL')
  })

  test.each([
    ['SERVFAIL without a reason', Rcode.SERVFAIL, []],
    ['SERVFAIL for want of an authority', Rcode.SERVFAIL, [22]],
    ['REFUSED', Rcode.REFUSED, []],
  ])('after an upstream’s %s', async (_what, rcode, errors) => {
    const { ask, say, after } = scripted()
    await ask('www.example')
    after(60)
    say(upstreamSays(rcode, ...errors))
    expect(await ask('www.example')).toMatchObject({ rcode: 'NOERROR', errors: [STALE] })
  })

  test.each([
    ['DNSSEC does not hold', Rcode.SERVFAIL, 6],
    ['a signature has expired', Rcode.SERVFAIL, 7],
    ['the name is blocked', Rcode.REFUSED, 15],
    ['we may not ask', Rcode.REFUSED, 18],
  ])('not after an upstream’s verdict that %s', async (_what, rcode, error) => {
    const { ask, say, after } = scripted()
    await ask('www.example')
    after(60)
    say(upstreamSays(rcode, error))
    expect(await ask('www.example')).toMatchObject({ answer: [], errors: [{ code: error }] })
  })

  test('not for clients that sent no OPT record: TTL 30 alone', async () => {
    const { resolver, clock, say } = scripted()
    const query = { id: 1, flags: 0, wireName: Uint8Array.of(1, 97, 0), type: 1, class: 1, edns: undefined }
    await resolver.resolve(query)
    clock.advance(60_000)
    say(failing('upstream-network'))
    const sent = Uint8Array.of(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 0, 0, 1, 0, 1)
    const result = await createExchange({ resolver, random: () => 0 })(sent)
    expect(result.kind === 'answer' && result.body[11]).toBe(0)
    expect(result.kind === 'answer' && [...result.body.subarray(-10, -6)]).toEqual([0, 0, 0, 30])
  })

  test('NXDOMAIN and NODATA outside .bit, too, with the code of their own', async () => {
    const { ask, say, after } = scripted()
    say(nothing(Rcode.NXDOMAIN))
    await ask('no.example')
    say(nothing(Rcode.NOERROR))
    await ask('yes.example')
    after(60)
    say(failing('upstream-network'))
    expect(await ask('no.example')).toMatchObject({
      rcode: 'NXDOMAIN',
      authority: [expect.stringMatching(/^\. 30 SOA /)],
      errors: [{ code: 19 }],
      cacheControl: 'max-age=30',
    })
    expect(await ask('yes.example')).toMatchObject({ rcode: 'NOERROR', answer: [], errors: [{ code: 3 }] })
  })

  test('a newer answer that may not be kept takes the place of the old one', async () => {
    const { ask, say, after } = scripted()
    await ask('www.example')
    after(60)
    say(address(2, { ttl: 0 }))
    expect((await ask('www.example')).answer).toEqual(['www.example. 0 A 192.0.2.2'])
    say(failing('upstream-network'))
    expect((await ask('www.example')).rcode).toBe('SERVFAIL')
  })

  test('no question that is part of another one gets it: it would be kept there as fresh', async () => {
    const { resolver, clock, say } = scripted()
    const query = { id: 1, flags: 0, wireName: Uint8Array.of(1, 97, 0), type: 1, class: 1, edns: undefined }
    const { signal } = new AbortController()
    await resolver.resolve(query, signal)
    clock.advance(60_000)
    say(failing('upstream-network'))
    const { packed } = await resolver.resolve(query, signal)
    expect(packed).toMatchObject({ rcode: Rcode.SERVFAIL, failure: 'upstream-network' })
  })
})

describe('RFC 8767 §5: for how long', () => {
  test('an hour after its time', async () => {
    const { ask, say, after } = scripted()
    await ask('www.example')
    say(failing('upstream-timeout'))
    after(60 + HOUR - 1)
    expect((await ask('www.example')).errors).toEqual([STALE])
    after(1)
    expect(await ask('www.example')).toMatchObject({ rcode: 'SERVFAIL', errors: [{ code: 22 }] })
  })

  test('not at all with serve-stale off', async () => {
    const { ask, say, after } = scripted({ staleFor: 0 })
    await ask('www.example')
    after(60)
    say(failing('upstream-network'))
    expect((await ask('www.example')).rcode).toBe('SERVFAIL')
  })

  test('nor without a cache', async () => {
    const { ask, say } = scripted({ entries: 0 })
    await ask('www.example')
    say(failing('upstream-network'))
    expect((await ask('www.example')).rcode).toBe('SERVFAIL')
  })

  test('of another block: an hour after it was looked up, as it may have been wrong ever since', async () => {
    const { ask, say, after, newEpoch } = scripted()
    say(address(1, { ttl: 600, usableFor: 1e6 }))
    await ask('a.bit')
    newEpoch('two')
    say(failing('namecoin-timeout'))
    after(HOUR - 1)
    expect(await ask('a.bit')).toMatchObject({ answer: ['a.bit. 30 A 192.0.2.1'], errors: [STALE] })
    after(1)
    expect((await ask('a.bit')).rcode).toBe('SERVFAIL')
  })
})

describe('under .bit', () => {
  test('never beyond the expiry of the name', async () => {
    const { ask, say, after } = scripted()
    say(address(1, { usableFor: 300 }))
    await ask('a.bit')
    say(failing('namecoin-network'))
    after(299)
    expect((await ask('a.bit')).errors).toEqual([STALE])
    after(1)
    expect((await ask('a.bit')).rcode).toBe('SERVFAIL')
  })

  test('nothing of which the expiry is not known', async () => {
    const { ask, say, after } = scripted()
    await ask('a.bit')
    after(60)
    say(failing('namecoin-network'))
    expect((await ask('a.bit')).rcode).toBe('SERVFAIL')
  })

  test('never NXDOMAIN: somebody may have registered the name; NODATA is about a name that is there', async () => {
    const { ask, say, after } = scripted()
    say(nothing(Rcode.NXDOMAIN, 1e6))
    await ask('no.bit')
    say(nothing(Rcode.NOERROR, 1e6))
    await ask('yes.bit')
    after(60)
    say(failing('namecoin-network'))
    expect((await ask('no.bit')).rcode).toBe('SERVFAIL')
    expect(await ask('yes.bit')).toMatchObject({ rcode: 'NOERROR', answer: [], errors: [STALE] })
  })
})

describe('nothing stale while sources are healthy', () => {
  test('an answer that has run out is looked up, and waited for', async () => {
    const { ask, say, after } = scripted()
    await ask('www.example')
    after(60)
    say(address(2))
    expect(await ask('www.example')).toMatchObject({ answer: ['www.example. 60 A 192.0.2.2'], errors: [] })
  })

  test('nor is one of an older block used', async () => {
    const { ask, say, newEpoch } = scripted()
    say(address(1, { usableFor: 1e6 }))
    await ask('a.bit')
    newEpoch('two')
    say(address(2, { usableFor: 1e6 }))
    expect(await ask('a.bit')).toMatchObject({ answer: ['a.bit. 60 A 192.0.2.2'], errors: [] })
  })

  test('an answer that comes back to life with an old epoch is not fresh', async () => {
    const { ask, say, newEpoch } = scripted()
    say(address(1, { usableFor: 1e6 }))
    await ask('a.bit')
    newEpoch('two')
    say(failing('namecoin-timeout'))
    await ask('a.bit')
    newEpoch('one')
    say(address(2, { usableFor: 1e6 }))
    expect((await ask('a.bit')).answer).toEqual(['a.bit. 60 A 192.0.2.2'])
  })
})

describe(`RFC 8767 §5: a client waits ${CLIENT_RESPONSE_MS} ms`, () => {
  test('then it gets the stale answer, and the lookup goes on for the next one', async () => {
    const kept: Promise<unknown>[] = []
    const { ask, say, after, clock, asked } = scripted({
      background: { keep: (work) => kept.push(work), renewedPerBlock: 0 },
    })
    await ask('www.example')
    after(60)
    const slow = later()
    say(slow.answer)
    const heard = ask('www.example')
    let isHeard = false
    void heard.then(() => {
      isHeard = true
    })
    await settled()
    clock.advance(CLIENT_RESPONSE_MS - 1)
    await settled()
    expect(isHeard).toBe(false)
    clock.advance(1)
    expect(await heard).toMatchObject({ answer: ['www.example. 30 A 192.0.2.1'], errors: [STALE] })
    // The runtime is told, so that it does not stop the work with the response.
    expect(kept).toHaveLength(1)
    slow.give(address(2))
    await Promise.all(kept)
    expect(await ask('www.example')).toMatchObject({ answer: ['www.example. 60 A 192.0.2.2'], errors: [] })
    expect(asked).toHaveLength(2)
  })

  test('a fresh answer in time is no stale one, and no timer is left', async () => {
    const { ask, say, after, clock } = scripted()
    await ask('www.example')
    after(60)
    const slow = later()
    say(slow.answer)
    const heard = ask('www.example')
    await settled()
    clock.advance(CLIENT_RESPONSE_MS - 1)
    slow.give(address(2))
    expect((await heard).answer).toEqual(['www.example. 60 A 192.0.2.2'])
    expect(clock.pending()).toBe(0)
  })

  test('with nothing to fall back on it waits on', async () => {
    const { ask, say, clock } = scripted()
    const slow = later()
    say(slow.answer)
    const heard = ask('www.example')
    await settled()
    clock.advance(CLIENT_RESPONSE_MS * 2)
    slow.give(address(2))
    expect((await heard).errors).toEqual([])
  })
})

describe('RFC 8767 §5: the failure recheck timer', () => {
  test('for 30 s the source is not asked again, and what is stale comes at once', async () => {
    const { ask, say, after, asked } = scripted()
    await ask('www.example')
    after(60)
    say(failing('upstream-timeout'))
    await ask('www.example')
    for (let second = 1; second < 30; second++) {
      after(1)
      expect((await ask('www.example')).errors).toEqual([STALE])
    }
    expect(asked).toHaveLength(2)
    after(1)
    say(address(2))
    expect((await ask('www.example')).answer).toEqual(['www.example. 60 A 192.0.2.2'])
  })

  test('a source that could not be reached at all is tried by one question a second; the first answer is for all', async () => {
    const { ask, say, after, asked } = scripted()
    const names = ['a.example', 'b.example', 'c.example']
    for (const name of names) await ask(name)
    after(60)
    say(failing('upstream-network'))
    for (const name of names) await ask(name)
    expect(asked).toHaveLength(6)
    after(0.5)
    for (const name of names) await ask(name)
    expect(asked).toHaveLength(6)
    after(0.5)
    for (const name of names) expect((await ask(name)).errors).toEqual([STALE])
    expect(asked).toHaveLength(7)
    after(1)
    say(address(2))
    for (const name of names)
      expect(await ask(name)).toMatchObject({ answer: [`${name}. 60 A 192.0.2.2`], errors: [] })
    expect(asked).toHaveLength(10)
  })
})
