import { expect, test } from 'vitest'
import { hashToText } from '../../../src/namecoin/chain/hash.ts'
import { nodeSha256 } from '../../../src/node/light-client.ts'

test('a hash by node:crypto is no Buffer, and printing one changes nothing: slices of a Buffer are views', () => {
  const hash = nodeSha256(new Uint8Array(3))
  expect(Buffer.isBuffer(hash)).toBe(false)
  const buffer = Buffer.from(hash)
  hashToText(buffer)
  expect(Uint8Array.from(buffer)).toEqual(hash)
})
