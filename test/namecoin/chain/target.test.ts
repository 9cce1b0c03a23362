import { expect, test } from 'vitest'
import { nextRetarget } from '../../../src/namecoin/chain/header-chain.ts'
import { NETWORKS } from '../../../src/namecoin/chain/network.ts'
import {
  bitsOfTarget,
  hashAsNumber,
  RETARGET_TIMESPAN,
  retarget,
  targetOfBits,
  timespanStart,
  workOfBits,
} from '../../../src/namecoin/chain/target.ts'
import { hash } from './hashing.ts'

const { mainnet, testnet, regtest } = NETWORKS

// arith_uint256_tests.cpp of Bitcoin Core
test.each([
  [0x01123456, 0x12n],
  [0x02123456, 0x1234n],
  [0x03123456, 0x123456n],
  [0x04123456, 0x12345600n],
  [0x05009234, 0x92340000n],
  [0x20123456, 0x123456n << 232n],
  [0x1d00ffff, 0xffffn << 208n],
])('bits %i', (bits, target) => {
  expect(targetOfBits(bits)).toBe(target)
})

test.each([
  ['zero', 0],
  ['zero mantissa', 0x1d000000],
  ['all shifted out', 0x00123456],
  ['negative', 0x04923456],
  ['above 2^256', 0xff123456],
  ['just above 2^256', 0x21010000],
])('no target: %s', (_, bits) => {
  expect(targetOfBits(bits)).toBeUndefined()
  expect(workOfBits(bits)).toBe(0n)
})

test('bits are rounded down, and never negative', () => {
  expect(bitsOfTarget(0x80n)).toBe(0x02008000)
  expect(bitsOfTarget(0x12n)).toBe(0x01120000)
  expect(bitsOfTarget(mainnet.targetLimit)).toBe(0x1d00ffff)
  expect(bitsOfTarget(testnet.targetLimit)).toBe(0x1d0fffff)
  expect(bitsOfTarget(regtest.targetLimit)).toBe(0x207fffff)
})

test('a retarget is held to a factor of four and to the limit', () => {
  const bits = 0x1b00b269
  const target = targetOfBits(bits)!
  const round = (value: bigint) => bitsOfTarget(value)
  expect(retarget(mainnet, bits, RETARGET_TIMESPAN)).toBe(bits)
  expect(retarget(mainnet, bits, 1)).toBe(round(target / 4n))
  expect(retarget(mainnet, bits, -5)).toBe(round(target / 4n))
  expect(retarget(mainnet, bits, RETARGET_TIMESPAN * 100)).toBe(round(target * 4n))
  expect(retarget(mainnet, 0x1d00ffff, RETARGET_TIMESPAN * 4)).toBe(0x1d00ffff)
})

test('the timespan begins one block earlier since merge mining: no timewarp', () => {
  expect(timespanStart(mainnet, 2016)).toBe(0)
  expect(timespanStart(mainnet, 18144)).toBe(16128)
  expect(timespanStart(mainnet, 20160)).toBe(18143)
  expect(timespanStart(mainnet, 816480)).toBe(814463)
  expect(timespanStart(testnet, 2016)).toBe(0)
  expect(timespanStart(testnet, 4032)).toBe(2015)
  expect(nextRetarget(815000)).toBe(816480)
  expect(nextRetarget(816479)).toBe(816480)
})

test('work is 2^256 over target + 1', () => {
  expect(workOfBits(0x1d00ffff)).toBe(0x1_0001_0001n)
  expect(workOfBits(0x207fffff)).toBe(2n)
})

test('hashes are little-endian numbers', () => {
  expect(hashAsNumber(hash(`${'00'.repeat(31)}07`))).toBe(7n)
  expect(hashAsNumber(hash(`80${'00'.repeat(31)}`))).toBe(1n << 255n)
})
