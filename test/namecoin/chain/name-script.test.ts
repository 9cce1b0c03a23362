import { expect, test } from 'vitest'
import { indexScript, readNameScript, scriptHash } from '../../../src/namecoin/chain/name-script.ts'
import { toHex } from '../../../src/namecoin/hex.ts'
import { hex, octets, sha256 } from './hashing.ts'

test('d/bitcoin, as in the protocol’s documentation', () => {
  expect(toHex(indexScript(octets('d/bitcoin')))).toBe('5309642f626974636f696e006d756a')
  expect(scriptHash(sha256, octets('d/bitcoin'))).toBe(
    'bdd490728e7f1cbea1836919db5e932cce651a82f5a13aa18a5267c979c95d3c',
  )
})

test.each([
  [0, '00'],
  [75, '4b'],
  [76, '4c4c'],
  [255, '4cff'],
  [256, '4d0001'],
])('a name of %i octets is pushed with %s', (length, push) => {
  const script = toHex(indexScript(new Uint8Array(length).fill(0x61)))
  expect(script).toBe(`53${push}${'61'.repeat(length)}006d756a`)
})

const NAME = '03642f78'

test.each([
  ['update', `53${NAME}0131${'6d75'}51`, 'update', '31'],
  ['first update', `52${NAME}02aabb0131${'6d6d'}51`, 'first-update', '31'],
  ['no value', `53${NAME}006d7551`, 'update', ''],
  ['nothing behind the drops', `53${NAME}01316d75`, 'update', '31'],
  ['any drops, as in Core', `53${NAME}0131${'757561'}`, 'update', '31'],
  ['a value with OP_PUSHDATA1', `53${NAME}4c01316d75`, 'update', '31'],
  ['a value with OP_PUSHDATA2', `53${NAME}4d0100316d75`, 'update', '31'],
  ['a value with OP_PUSHDATA4', `53${NAME}4e01000000316d75`, 'update', '31'],
])('%s', (_, script, operation, value) => {
  expect(readNameScript(hex(script))).toEqual({ operation, name: octets('d/x'), value: hex(value) })
})

test.each([
  ['nothing', ''],
  ['NAME_NEW', `51${'14'}${'00'.repeat(20)}6d51`],
  ['an address', '76a914ce26e759dbb966466446aab6e48cf39a23badd7588ac'],
  ['no drop', `53${NAME}0131ac`],
  ['nothing behind the value', `53${NAME}0131`],
  ['one argument', `53${NAME}6d75`],
  ['three arguments', `53${NAME}013101326d75`],
  ['two arguments of a first update', `52${NAME}01316d6d`],
  ['OP_1 as a value', `53${NAME}516d75`],
  ['a value cut off', `53${NAME}0531`],
  ['a length cut off', `53${NAME}4d01`],
])('no operation: %s', (_, script) => {
  expect(readNameScript(hex(script))).toBeUndefined()
})
