import { expect, test } from 'vitest'
import { MAX_TRANSACTION_OCTETS, parseTransaction } from '../../../src/namecoin/chain/transaction.ts'
import { toHex } from '../../../src/namecoin/hex.ts'
import { hex } from './hashing.ts'

const OUTPOINT = `${'ab'.repeat(32)}01000000`
const INPUT = `01${OUTPOINT}0251${'52'}ffffffff`
const OUTPUT = '010000000000000000' + '0153'
const LEGACY = `02000000${INPUT}${OUTPUT}07000000`
const SEGWIT = `020000000001${INPUT}${OUTPUT}0201aa00${'07000000'}`

test('a transaction', () => {
  expect(parseTransaction(hex(LEGACY))).toEqual({
    kind: 'transaction',
    version: 2,
    inputs: [{ txid: hex('ab'.repeat(32)), output: 1, script: hex('5152') }],
    scripts: [hex('53')],
    stripped: hex(LEGACY),
  })
})

test('with witnesses: the same without them', () => {
  const transaction = parseTransaction(hex(SEGWIT))
  expect(transaction.kind === 'transaction' && toHex(transaction.stripped)).toBe(LEGACY)
})

test('a coinbase without outputs', () => {
  expect(parseTransaction(hex(`02000000${INPUT}00${'07000000'}`))).toMatchObject({ scripts: [] })
})

test('neither inputs nor outputs', () => {
  expect(parseTransaction(hex('02000000000007000000'))).toMatchObject({ inputs: [], scripts: [] })
})

test.each([
  ['nothing', ''],
  ['a flag that nobody knows', SEGWIT.replace('0001', '0002')],
  ['a witness flag without witnesses', SEGWIT.replace('0201aa00', '00')],
  ['one octet more', `${LEGACY}00`],
  ['more inputs than octets', '02000000fdffff'],
  ['more inputs than memory', '02000000feffffffff'],
  ['a count of nine octets', '02000000ffffffffffffffffff'],
  ['a script longer than the rest', `0200000001${OUTPOINT}fe00000001`],
])('no transaction: %s', (_, text) => {
  expect(parseTransaction(hex(text))).toMatchObject({ kind: 'refused', code: 'bad-transaction' })
})

test('longer than any block', () => {
  expect(parseTransaction(new Uint8Array(MAX_TRANSACTION_OCTETS + 1)).kind).toBe('refused')
})
