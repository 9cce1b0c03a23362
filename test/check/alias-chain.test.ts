import { expect, test } from 'vitest'
import { aliasChain } from '../../src/check/alias-chain.ts'
import { Type } from '../../src/dns/protocol.ts'
import type { ResourceRecord } from '../../src/dns/record.ts'
import { name, wire } from '../dns/messages.ts'

const alias = (owner: string, target: string): ResourceRecord => ({
  ...{ name: name(owner), type: Type.CNAME, ttl: 300, data: wire(target) },
})
const address = (owner: string): ResourceRecord => ({
  ...{ name: name(owner), type: Type.A, ttl: 300, data: Uint8Array.of(192, 0, 2, 1) },
})

test.each<[string, ResourceRecord[], object]>([
  ['no alias', [address('a.example')], { kind: 'chain', aliases: 0, end: ['a', 'example'], isInOrder: true }],
  [
    'two, in order, in any case',
    [alias('A.example', 'b.example'), alias('B.EXAMPLE', 'c.example'), address('c.example')],
    { kind: 'chain', aliases: 2, end: ['c', 'example'], isInOrder: true },
  ],
  [
    'two, the wrong way round',
    [alias('b.example', 'c.example'), alias('a.example', 'b.example'), address('c.example')],
    { aliases: 2, isInOrder: false },
  ],
  [
    'an address first',
    [address('b.example'), alias('a.example', 'b.example')],
    { aliases: 1, isInOrder: false },
  ],
  ['two of one name', [alias('a.example', 'b.example'), alias('a.example', 'c.example')], { kind: 'broken' }],
  [
    'beside the chain',
    [alias('a.example', 'b.example'), alias('x.example', 'y.example')],
    { kind: 'broken' },
  ],
  ['in a circle', [alias('a.example', 'b.example'), alias('b.example', 'a.example')], { kind: 'broken' }],
  ['of itself', [alias('a.example', 'a.example')], { kind: 'broken' }],
])('%s', (_what, answer, expected) => {
  expect(aliasChain(name('a.example'), answer)).toMatchObject(expected)
})
