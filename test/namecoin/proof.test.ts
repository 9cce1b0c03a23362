import { describe, expect, test } from 'vitest'
import { inOrder } from '../../src/namecoin/in-order.ts'
import { type NameProof, proofValue, proveBy } from '../../src/namecoin/proof.ts'
import type { NameOutcome, NameSource, Tip } from '../../src/namecoin/source.ts'
import { givenNames, recordedCore } from '../http/gateway.ts'
import { fakeClock, never } from './clock.ts'

const believed = (outcome: NameOutcome, tip?: Tip, changes: Partial<NameSource> = {}): NameSource => ({
  name: 'core',
  covers: 'every-name',
  lookup: async () => outcome,
  tip: () => tip,
  state: async () => ({ kind: 'ready', tip: { epoch: '' } }),
  close: () => {},
  ...changes,
})

const octets = (text: string) => new TextEncoder().encode(text)
const found: NameOutcome = {
  kind: 'found',
  value: octets('{}'),
  height: 100,
  expiresIn: 5,
  txid: 'ab'.repeat(32),
}
const TIP: Tip = { epoch: 'cd'.repeat(32), height: 111, time: 1_700_000_000 }

describe('a source that is believed', () => {
  test.each<[string, NameOutcome, Tip | undefined, Omit<NameProof, 'key' | 'backend'>]>([
    [
      'found',
      found,
      TIP,
      {
        outcome: 'found',
        assurance: 'trusted',
        value: { hex: '7b7d', text: '{}' },
        txid: 'ab'.repeat(32),
        height: 100,
        confirmations: 12,
        expiresIn: 5,
        tip: { height: 111, hash: 'cd'.repeat(32), time: 1_700_000_000 },
      },
    ],
    [
      'found without a chain',
      { kind: 'found', value: octets('{}') },
      { epoch: 'a file' },
      { outcome: 'found', assurance: 'trusted', value: { hex: '7b7d', text: '{}' } },
    ],
    [
      'found above an older tip',
      found,
      { epoch: 'e', height: 99 },
      expect.objectContaining({ confirmations: 1, tip: { height: 99 } }),
    ],
    ['absent', { kind: 'absent' }, undefined, { outcome: 'absent', assurance: 'trusted' }],
    [
      'expired',
      { kind: 'expired' },
      { epoch: 'e', height: 9 },
      { outcome: 'expired', assurance: 'trusted', tip: { height: 9 } },
    ],
    [
      'invalid',
      { kind: 'invalid', detail: 'no hex' },
      undefined,
      { outcome: 'invalid', assurance: 'trusted', detail: 'no hex' },
    ],
    [
      'unreachable',
      { kind: 'unreachable', code: 'timeout', detail: 'late' },
      TIP,
      { outcome: 'unreachable', code: 'timeout', detail: 'late' },
    ],
    [
      'unconfirmed',
      { kind: 'unreachable', code: 'unconfirmed', detail: 'young' },
      TIP,
      { outcome: 'unconfirmed', code: 'unconfirmed', detail: 'young' },
    ],
  ])('%s', async (_what, outcome, tip, expected) => {
    const proof = await proveBy(believed(outcome, tip), 'd/x', never)
    const { key, backend, ...rest } = proof
    expect([key, backend]).toEqual(['d/x', 'core'])
    expect(rest).toEqual(expected)
  })

  test('Namecoin Core, as recorded', async () => {
    const proof = await proveBy(recordedCore(fakeClock()), 'd/jordia65', never)
    expect(proof).toMatchObject({
      outcome: 'found',
      backend: 'core',
      assurance: 'trusted',
      value: { text: expect.stringContaining('192.0.2.10') },
      txid: expect.stringMatching(/^[0-9a-f]{64}$/),
      tip: { height: 207, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
    expect(proof.confirmations).toBe(207 - proof.height! + 1)
    expect(proof).not.toHaveProperty('branch')
  })
})

describe('sources in order', () => {
  const names = givenNames({ 'd/own': '{"ip":"192.0.2.1"}' })
  const shown: NameProof = { key: 'd/x', outcome: 'found', backend: 'electrum', assurance: 'proven' }
  const proving = (proof: NameProof) =>
    believed({ kind: 'absent' }, undefined, { name: 'electrum', prove: async () => proof })
  const down = believed({ kind: 'unreachable', code: 'network', detail: 'down' })
  const prove = (sources: readonly NameSource[], name: string) => proveBy(inOrder(sources), name, never)

  test.each<[string, readonly NameSource[], string, Partial<NameProof>]>([
    [
      'names of one’s own come first',
      [names, proving(shown)],
      'd/own',
      { backend: 'names', outcome: 'found' },
    ],
    ['about others they say nothing', [names, proving(shown)], 'd/x', shown],
    ['one that cannot be asked is passed over', [down, proving(shown)], 'd/x', shown],
    [
      'its failure counts when nobody else covers every name',
      [down, names],
      'd/x',
      { outcome: 'unreachable', backend: 'core' },
    ],
    [
      'absent ends the search',
      [believed({ kind: 'absent' }), proving(shown)],
      'd/x',
      { outcome: 'absent', backend: 'core' },
    ],
    [
      'a registration too young goes on to the next',
      [proving({ ...shown, outcome: 'unconfirmed' }), believed(found, TIP)],
      'd/x',
      { outcome: 'found', backend: 'core' },
    ],
    ['absent from names alone', [names, names], 'd/x', { outcome: 'absent', backend: 'names' }],
    ['no source', [], 'd/x', { outcome: 'absent' }],
  ])('%s', async (_what, sources, name, expected) => {
    expect(await prove(sources, name)).toMatchObject({ key: name, ...expected })
  })

  test('the tip says how far it is proven', async () => {
    const attested = believed(found, { epoch: 'e', height: 7, assurance: 'attested' })
    expect(await inOrder([names, attested]).tip()).toMatchObject({ height: 7, assurance: 'attested' })
  })
})

test.each<[string, Uint8Array, object]>([
  ['text', octets('é'), { hex: 'c3a9', text: 'é' }],
  ['nothing', new Uint8Array(), { hex: '', text: '' }],
  ['octets that are no text', Uint8Array.of(0xff, 0), { hex: 'ff00' }],
  [
    'a byte order mark, which stays',
    Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b),
    { hex: 'efbbbf7b', text: '\uFEFF{' },
  ],
])('a value: %s', (_what, value, shown) => {
  expect(proofValue(value)).toEqual(shown)
})
