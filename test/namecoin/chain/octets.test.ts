import { expect, test } from 'vitest'
import { OctetReader } from '../../../src/namecoin/chain/octets.ts'
import { hex } from './hashing.ts'

test.each([
  ['00', 0],
  ['fc', 0xfc],
  ['fdfd00', 0xfd],
  ['fdffff', 0xffff],
  ['fe00000100', 0x10000],
])('compact size %s', (text, value) => {
  const reader = new OctetReader(hex(text))
  expect(reader.compactSize()).toBe(value)
  expect(reader.ok).toBe(true)
  expect(reader.left).toBe(0)
})

test.each([
  ['three octets for one', 'fdfc00'],
  ['five octets for three', 'feffff0000'],
  ['nine octets', 'ff0000000001000000'],
  ['cut off', 'fdfd'],
  ['nothing', ''],
])('no compact size: %s', (_, text) => {
  const reader = new OctetReader(hex(text))
  expect(reader.compactSize()).toBe(0)
  expect(reader.ok).toBe(false)
})

test('a count is held against what is left', () => {
  expect(new OctetReader(hex('02aabb')).count(1)).toBe(2)
  const reader = new OctetReader(hex('03aabb'))
  expect(reader.count(1)).toBe(0)
  expect(reader.ok).toBe(false)
})

test('nothing is read after the first failure', () => {
  const reader = new OctetReader(hex('0102'))
  expect(reader.uint32()).toBe(0)
  expect(reader.uint8()).toBe(0)
  expect(reader.take(1)).toHaveLength(0)
  expect(reader.ok).toBe(false)
})

test('the end that was given is the end', () => {
  const reader = new OctetReader(hex('01020304'), 1, 3)
  expect([...reader.take(2)]).toEqual([2, 3])
  expect(reader.uint8()).toBe(0)
  expect(reader.ok).toBe(false)
})
