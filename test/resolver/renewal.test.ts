import { describe, expect, test } from 'vitest'
import { nameFromText, nameToWire } from '../../src/dns/name.ts'
import { cacheKey, type Query, queryOfKey } from '../../src/dns/query.ts'
import { type Background, POPULAR, renewal } from '../../src/resolver/renewal.ts'
import { settled } from '../namecoin/clock.ts'
import { address, failing, later, scripted } from './scripted.ts'

/** A runtime that lets work go on, and a way to wait for it. */
function background(renewedPerBlock = 10) {
  const kept: Promise<unknown>[] = []
  const allowed: Background = { keep: (work) => kept.push(work), renewedPerBlock }
  return { allowed, kept, done: () => Promise.all(kept) }
}

describe('the query that a key stands for', () => {
  test.each<[boolean, number]>([
    [false, 0x0100],
    [true, 0x0100],
    [false, 0x0110],
    [true, 0x0110],
  ])('has the key again: DO %s, flags %i', (dnssecOk, flags) => {
    const query: Query = {
      id: 7,
      flags,
      wireName: nameToWire(nameFromText('WWW.\\000\\255.bit')!),
      type: 65_280,
      class: 1,
      edns: { version: 0, dnssecOk, padded: true },
    }
    const found = queryOfKey(cacheKey(query))
    expect(cacheKey(found)).toBe(cacheKey(query))
    expect(found).toMatchObject({ flags, type: 65_280, class: 1, edns: { dnssecOk, padded: false } })
    expect(found.wireName).toEqual(nameToWire(nameFromText('www.\\000\\255.bit')!))
  })
})

describe('an answer asked for in the last tenth of its time', () => {
  test('is looked up once more, while clients get the one there is', async () => {
    const { allowed, done } = background()
    const { ask, say, after, asked } = scripted({ background: allowed })
    await ask('www.example')
    after(53)
    await ask('www.example')
    expect(asked).toHaveLength(1)
    after(1)
    const slow = later()
    say(slow.answer)
    for (let time = 0; time < 3; time++)
      expect((await ask('www.example')).answer).toEqual(['www.example. 6 A 192.0.2.1'])
    expect(asked).toHaveLength(2)
    slow.give(address(2))
    await done()
    after(6)
    expect((await ask('www.example')).answer).toEqual(['www.example. 54 A 192.0.2.2'])
    expect(asked).toHaveLength(2)
  })

  test('and cannot be had, is not asked for with every query', async () => {
    const { allowed, done } = background()
    const { ask, say, after, asked } = scripted({ background: allowed })
    await ask('www.example')
    after(54)
    say(failing('upstream-timeout'))
    for (let time = 0; time < 5; time++) {
      expect((await ask('www.example')).errors).toEqual([])
      await done()
    }
    expect(asked).toHaveLength(2)
  })

  test('is left alone where a runtime allows no work that nobody waits for', async () => {
    const { ask, after, asked } = scripted({ background: undefined })
    await ask('www.example')
    after(59)
    await ask('www.example')
    await settled()
    expect(asked).toHaveLength(1)
  })
})

describe('with a new block', () => {
  const often = { length: POPULAR }
  test('the answers that were asked for often are looked up again, and are there', async () => {
    const { allowed, done } = background()
    const { ask, say, asked, newEpoch } = scripted({ background: allowed })
    for (const name of ['popular.bit', 'rare.bit', 'www.example']) await ask(name)
    for (const _ of Array.from(often)) for (const name of ['popular.bit', 'www.example']) await ask(name)
    asked.length = 0
    newEpoch('two')
    say(address(2))
    await ask('other.bit')
    await done()
    expect(asked.toSorted()).toEqual(['other.bit', 'popular.bit'])
    expect((await ask('popular.bit')).answer).toEqual(['popular.bit. 60 A 192.0.2.2'])
    expect(asked).toHaveLength(2)
  })

  test('once: what was only renewed and not asked for is not renewed with the next one', async () => {
    const { allowed, done } = background()
    const { ask, asked, newEpoch } = scripted({ background: allowed })
    for (let time = 0; time <= POPULAR; time++) await ask('popular.bit')
    for (const epoch of ['two', 'three']) {
      newEpoch(epoch)
      await ask(`${epoch}.bit`)
      await done()
    }
    expect(asked).toEqual(['popular.bit', 'popular.bit', 'two.bit', 'three.bit'])
  })

  test('no more of them than the runtime allows', async () => {
    const { allowed, done } = background(2)
    const { ask, asked, newEpoch } = scripted({ background: allowed })
    for (let name = 0; name < 5; name++) for (let time = 0; time <= POPULAR; time++) await ask(`${name}.bit`)
    asked.length = 0
    newEpoch('two')
    await ask('other.bit')
    await done()
    expect(asked.toSorted()).toEqual(['3.bit', '4.bit', 'other.bit'])
  })

  test('none after one has failed: a source in trouble is not asked for what nobody waits for', async () => {
    const { allowed, done } = background()
    const { ask, say, asked, newEpoch } = scripted({ background: allowed })
    for (let name = 0; name < 9; name++) for (let time = 0; time <= POPULAR; time++) await ask(`${name}.bit`)
    asked.length = 0
    newEpoch('two')
    say(failing('namecoin-timeout'))
    await ask('other.bit')
    await done()
    // Two are under way at a time.
    expect(asked.length).toBeLessThanOrEqual(3)
  })
})

describe('lookups ahead of time', () => {
  test('are few at once, and one that a runtime stopped without a word does not count for ever', async () => {
    let now = 0
    const started: string[] = []
    const never = new Promise<boolean>(() => {})
    const { one } = renewal(
      (key) => {
        started.push(key)
        return never
      },
      { background: background().allowed, patience: 1_000, now: () => now },
    )
    for (let key = 0; key < 20; key++) one(String(key))
    expect(started).toHaveLength(8)
    now = 1_001
    one('another')
    expect(started).toHaveLength(9)
  })
})
