import { expect, test } from 'vitest'
import { addressesByName, createCuts } from '../../src/delegation/cuts.ts'
import {
  MAX_ADDRESSES_OF_CUT,
  MAX_ADDRESSES_OF_SERVER,
  MAX_CUTS,
  MAX_CUTS_OCTETS,
} from '../../src/delegation/limits.ts'
import { Type } from '../../src/dns/protocol.ts'
import { fakeClock } from '../namecoin/clock.ts'
import { delegation, rr } from './nameservers.ts'

test('the zones below one Namecoin name do not push out those of others', () => {
  const cuts = createCuts(fakeClock().now)
  const other = delegation('other.bit', ['ns.other.bit'])
  const kept = cuts.ofValue(other, true)
  expect(cuts.ofValue(other, true)).toBe(kept)
  for (let index = 0; index <= MAX_CUTS; index++)
    cuts.ofValue(delegation(`x${index}.example.bit`, ['ns.host.test']), true)
  expect(cuts.ofValue(other, true)).toBe(kept)
})

test('what is kept is bounded in octets: DS records of 60 KB each', () => {
  const cuts = createCuts(fakeClock().now)
  const octets = 60_000
  const signed = Array.from({ length: 600 }, (_, index) => {
    const zone = `x${index}.bit`
    const top = cuts.ofValue(delegation(zone, [`ns.${zone}`]), true)
    const ds = [{ ...rr(zone, 'TXT', ''), type: Type.DS, data: new Uint8Array(octets) }]
    const glue = new Map()
    return {
      top,
      cut: cuts.add(top, { zone: ['sub', ...top.zone], servers: [], addresses: [], glue, ds }, 600),
    }
  })
  const kept = signed.filter(({ top, cut }) => cuts.lowest(top, cut.zone, Type.A) === cut)
  expect(kept.length).toBeGreaterThan(100)
  expect(kept.length * octets).toBeLessThan(MAX_CUTS_OCTETS)
})

test('of glue no more is kept than is asked', () => {
  const glue = Array.from({ length: 10 }, (_, server) =>
    Array.from({ length: 40 }, (_, index) => rr(`ns${server}.example.bit`, 'A', `9.0.${server}.${index}`)),
  )
  const byName = addressesByName(glue.flat())
  expect([...byName.values()].map(({ length }) => length)).toEqual([4, 4, 4, 1])
  expect([...byName.values()].flat()).toHaveLength(MAX_ADDRESSES_OF_CUT)
  expect(byName.values().next().value).toHaveLength(MAX_ADDRESSES_OF_SERVER)
})
