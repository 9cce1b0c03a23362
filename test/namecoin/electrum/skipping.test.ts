import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { idOf, MAX_SKIPPED_OCTETS, skipping, skipText } from '../../../src/namecoin/electrum/skipping.ts'

const utf8 = new TextEncoder()

/** What is left of a text, in pieces of so many octets and as a whole: the same. */
function leftOf(text: string, piece = 7) {
  const octets = utf8.encode(text)
  const going = skipping()
  for (let at = 0; at < octets.length; at += piece) {
    expect(going.add(octets.subarray(at, at + piece))).toBeUndefined()
  }
  const left = going.end()
  expect(skipText(text, octets.length)).toEqual(left)
  return left
}

const LONG = JSON.stringify({ tx: 'ab'.repeat(1_000) })

describe('the id of what is left', () => {
  test.each([
    ['as ElectrumX writes it', `{"jsonrpc":"2.0","result":${LONG},"id":12}`],
    ['with spaces', `{"jsonrpc": "2.0", "result": ${LONG}, "id": 12}`],
    ['padded as by ElectrumX 1.18', `{"jsonrpc": "2.0", "result": ${LONG}, "id": 12${' '.repeat(3_000)}}\r`],
    ['at the beginning', `{"id":12,"jsonrpc":"2.0","result":${LONG}}`],
    ['after the version', `{"jsonrpc":"2.0","id":12,"result":${LONG}}`],
    ['before the version', `{"result":${LONG},"id":12,"jsonrpc":"2.0"}`],
    ['at both ends', `{"id":12,"result":${LONG},"id":12}`],
  ])('%s', (_title, text) => {
    for (const piece of [1, 7, 10_000]) expect(idOf(leftOf(text, piece))).toBe(12)
  })

  test.each([
    ['none', `{"method":"x","params":[${LONG}]}`],
    ['in the middle', `{"result":${LONG},"id":12,"more":${LONG}}`],
    ['inside of the result', `{"result":{"a":${LONG},"id":12}}`],
    ['inside of a string', `{"result":"${'a'.repeat(500)},\\"id\\":12}"}`],
    ['another at either end', `{"id":11,"result":${LONG},"id":12}`],
    ['no number', `{"result":${LONG},"id":"12"}`],
    ['none that is ours', `{"result":${LONG},"id":-1}`],
    ['more digits than we count', `{"result":${LONG},"id":${'9'.repeat(30)}}`],
    ['no object', `[${LONG},"id":12}]`],
    ['nothing', ''],
  ])('%s', (_title, text) => {
    expect(idOf(leftOf(text))).toBeUndefined()
  })
})

test('nothing inside of a result passes for the id', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (json, id) => {
      const left = leftOf(`{"jsonrpc":"2.0","result":${json},"id":${id}}`)
      expect([id, undefined]).toContain(idOf(left)) // Short ones may have one of their own at the head.
    }),
  )
})

test('there is an end to what is let go by', () => {
  const going = skipping()
  const chunk = new Uint8Array(MAX_SKIPPED_OCTETS / 16)
  for (let count = 0; count < 16; count++) expect(going.add(chunk)).toBeUndefined()
  expect(going.add(Uint8Array.of(1))).toMatchObject({ kind: 'failed', code: 'too-long' })
})
