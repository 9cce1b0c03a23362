import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { restore } from '../../../src/namecoin/chain/chain-snapshot.ts'
import { concatenated } from '../../../src/namecoin/chain/hash.ts'
import {
  MAX_COINBASE_BRANCH,
  MAX_HEADER_OCTETS,
  parseHeader,
  parseHeaders,
} from '../../../src/namecoin/chain/header.ts'
import { readNameScript } from '../../../src/namecoin/chain/name-script.ts'
import { peaksFromOctets } from '../../../src/namecoin/chain/peaks.ts'
import { proofOfWorkFault } from '../../../src/namecoin/chain/proof-of-work.ts'
import { parseTransaction } from '../../../src/namecoin/chain/transaction.ts'
import { type Evidence, proveByChain } from '../../../src/namecoin/chain/value-proof.ts'
import { hex, sha256 } from './hashing.ts'
import { pureOctets } from './mine.ts'
import {
  evidenceOf,
  GENESIS_ANCHOR,
  proofEntries,
  recordedChain,
  recordedHeaders,
  regtest,
  result,
} from './recording.ts'

/** Whatever a server sends: no exception, no endless loop, nothing false believed. Seeds are printed on failure. */

const HEIGHTS = [1, 60, 144, 145, 194, 207]
const octetsAt = (height: number) => hex(result('blockchain.block.header', height) as string)
const chain = recordedChain()

/** One octet changed. */
const mutation = fc.record({ at: fc.nat(), by: fc.integer({ min: 1, max: 255 }) })
function mutated(octets: Uint8Array, { at, by }: { at: number; by: number }): Uint8Array {
  const changed = octets.slice()
  changed[at % changed.length]! ^= by
  return changed
}

describe('headers', () => {
  test.each(HEIGHTS)('cut off at every octet: %i', (height) => {
    const octets = octetsAt(height)
    for (let length = 0; length < octets.length; length++) {
      expect(parseHeader(sha256, octets.subarray(0, length)).kind).toBe('refused')
    }
    expect(parseHeader(sha256, octets).kind).toBe('header')
  })

  test('one octet changed: only what the hash does not cover', () => {
    fc.assert(
      fc.property(fc.constantFrom(...HEIGHTS), mutation, (height, change) => {
        const header = parseHeader(sha256, mutated(octetsAt(height), change))
        if (header.kind === 'refused' || proofOfWorkFault(sha256, regtest, header) !== undefined) return
        expect(header.hash).toEqual(recordedHeaders[height]!.hash)
      }),
      { numRuns: 600 },
    )
  })

  test('any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(3), (octets, count) => {
        parseHeaders(sha256, octets, count)
        const auxPow = concatenated([Uint8Array.of(1, 1, 1, 0), new Uint8Array(76), octets])
        expect(parseHeader(sha256, auxPow).kind).toBe('refused')
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['more than any reply holds', 2017],
    ['negative', -1],
    ['no number', Number.NaN],
    ['a fraction', 1.5],
  ])('a count that is %s', (_, count) => {
    expect(parseHeaders(sha256, octetsAt(1), count)).toMatchObject({ code: 'wrong-header-count' })
  })

  test('an endless header is given up at the limit', () => {
    const endless = new Uint8Array(MAX_HEADER_OCTETS + 100)
    endless.set(octetsAt(1).subarray(0, 80))
    // A coinbase with one input whose script goes on up to the end.
    endless.set([1, 0, 0, 0, 1], 80)
    endless.set([0xfe, 0x40, 0x42, 0x0f, 0x00], 121)
    expect(parseHeader(sha256, endless)).toMatchObject({ code: 'header-too-long' })
    expect(parseHeader(sha256, endless.subarray(0, 500_000))).toMatchObject({ code: 'bad-header' })
  })

  test('a branch that would take long to hash is not hashed', () => {
    const coinbase = concatenated([
      Uint8Array.of(1, 0, 0, 0, 1),
      new Uint8Array(36),
      Uint8Array.of(0),
      new Uint8Array(4),
      Uint8Array.of(0),
      new Uint8Array(4),
      new Uint8Array(32),
    ])
    const levels = MAX_COINBASE_BRANCH + 1
    const branch = concatenated([
      Uint8Array.of(0xfd, levels & 0xff, levels >> 8),
      new Uint8Array(levels * 32),
    ])
    const octets = concatenated([octetsAt(1).subarray(0, 80), coinbase, branch, new Uint8Array(200)])
    expect(parseHeader(sha256, octets)).toMatchObject({ code: 'coinbase-branch-too-long' })
  })

  test('a script made to be searched for long', () => {
    const header = recordedHeaders[1]!
    const script = new Uint8Array(900_000).fill(0xfa)
    const auxPow = { ...header.auxPow!, coinbase: { ...header.auxPow!.coinbase, script } }
    expect(proofOfWorkFault(sha256, regtest, { ...header, auxPow })).toMatchObject({
      code: 'chain-root-missing',
    })
  })

  test('pure headers survive the way there and back', () => {
    for (const height of HEIGHTS) {
      expect(pureOctets(recordedHeaders[height]!)).toEqual(octetsAt(height).slice(0, 80))
    }
  })
})

describe('value proofs', () => {
  const NAMES = ['d/jordia65', 'd/updated', 'd/reborn', 'id/alice']
  const proofs = NAMES.map((name) => evidenceOf(name, proofEntries(name, 207)[0]!))
  const outcomes = proofs.map((evidence) => proveByChain(sha256, chain, evidence))

  test('transactions cut off at every octet', () => {
    for (const evidence of proofs) {
      for (let length = 0; length < evidence.transaction.length; length++) {
        expect(parseTransaction(evidence.transaction.subarray(0, length)).kind).toBe('refused')
      }
    }
  })

  test('one octet changed anywhere: refused, or the same outcome', () => {
    const which = fc.constantFrom('transaction', 'branch', 'header', 'name', 'position', 'height')
    fc.assert(
      fc.property(fc.nat(proofs.length - 1), which, mutation, (index, part, change) => {
        const evidence = proofs[index]!
        const forged: Evidence = { ...evidence, ...changed(evidence, part, change) }
        const outcome = proveByChain(sha256, chain, forged)
        if (outcome.kind === 'proven') expect(outcome).toEqual(outcomes[index])
      }),
      { numRuns: 1000 },
    )
  })

  function changed(evidence: Evidence, part: string, change: { at: number; by: number }): Partial<Evidence> {
    if (part === 'transaction') return { transaction: mutated(evidence.transaction, change) }
    if (part === 'header') return { header: mutated(evidence.header!, change) }
    if (part === 'name') return { name: mutated(evidence.name, change) }
    if (part === 'position') return { position: evidence.position ^ change.by }
    if (part === 'height') return { height: evidence.height ^ change.by }
    const level = change.at % evidence.branch.length
    return { branch: evidence.branch.map((item, index) => (index === level ? mutated(item, change) : item)) }
  }

  const tools = { sha256, pause: () => Promise.resolve() }

  test('any octets', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (octets) => {
        parseTransaction(octets)
        readNameScript(octets)
        peaksFromOctets(octets)
        expect((await restore(regtest, GENESIS_ANCHOR, octets, tools)).kind).toBe('refused')
        expect(proveByChain(sha256, chain, { ...proofs[0]!, transaction: octets }).kind).toBe('refused')
      }),
      { numRuns: 300 },
    )
  })
})
