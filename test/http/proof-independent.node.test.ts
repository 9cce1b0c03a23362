import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { provingWorld } from '../namecoin/light/proof-world.ts'
import { chainOf, recorded143 } from '../servers/electrumx.ts'
import { blockHash, merkleBranch, tipOf } from '../servers/electrumx-chain.ts'
import { openClient } from './gateway.ts'

/**
 * Proofs of a gateway, checked by somebody who has nothing of ours: `check-proof.py`, Python's hashlib and the rules of
 * Namecoin. What it knows from elsewhere is the recorded chain's tip and the roots over its headers.
 */

const hasPython = spawnSync('python3', ['-c', 'import hashlib']).status === 0

// biome-ignore lint/suspicious/noExplicitAny: JSON that is taken apart and tampered with
type Json = any

const chain = chainOf(recorded143)
const tip = chain.headers.at(-1)!
const known = {
  network: { limit: `${'7f'}${'ff'.repeat(31)}`, expiry: 30 },
  tip: { height: tipOf(chain), hash: blockHash(tip), time: Buffer.from(tip, 'hex').readUInt32LE(68) },
  roots: Object.fromEntries(
    chain.headers.map((_, height) => [
      height,
      merkleBranch(chain.headers.slice(0, height + 1).map(blockHash), 0).root,
    ]),
  ),
}

function checked(cases: readonly { readonly asked: string; readonly proof: Json }[]): readonly string[] {
  const input = JSON.stringify(cases.map((one) => ({ ...one, known })))
  const { stdout, stderr } = spawnSync('python3', [join(import.meta.dirname, 'check-proof.py')], {
    input,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  })
  expect(stderr).toBe('')
  return stdout.trim().split('\n')
}

const NAMES = [
  'jordia65.bit',
  'www.wild.bit',
  'd/updated',
  'd/reborn',
  'd/max520',
  'd/notjson',
  'd/empty',
].concat(['d/UPPER', 'dd/shared', 'id/alice', 'd/unicode', 'd/single'])

const flip = (hex: string, at = 0): string => {
  const place = at < 0 ? hex.length + at : at
  return hex.slice(0, place) + (Number.parseInt(hex[place]!, 16) ^ 1).toString(16) + hex.slice(place + 1)
}
/** Where in a header with its AuxPoW things stand, hex digits. */
const COINBASE_SCRIPT = 160 + 2 * (4 + 1 + 36 + 4)
const PARENT_MERKLE_ROOT = 2 * (36 - 80)

const TAMPERINGS: Readonly<Record<string, (proof: Json) => void>> = {
  name: (p) => (p.name = 'other.bit'),
  key: (p) => (p.key = 'd/jordia66'),
  outcome: (p) => (p.outcome = 'absent'),
  'value.hex': (p) => (p.value.hex = flip(p.value.hex)),
  'value.text': (p) => (p.value.text = p.value.text.replace('192', '193')),
  'value.text left out': (p) => delete p.value.text,
  txid: (p) => (p.txid = flip(p.txid)),
  height: (p) => (p.height += 1),
  'height, with all that is counted from it': (p) => {
    p.height += 1
    p.confirmations -= 1
    p.expiresIn += 1
  },
  confirmations: (p) => (p.confirmations += 1),
  expiresIn: (p) => (p.expiresIn += 1),
  'tip.height': (p) => (p.tip.height -= 1),
  'tip.hash': (p) => (p.tip.hash = flip(p.tip.hash)),
  'tip.time': (p) => (p.tip.time += 1),
  transaction: (p) => (p.transaction = flip(p.transaction, -1)),
  'transaction, its version': (p) => (p.transaction = flip(p.transaction, 1)),
  'transaction, cut short': (p) => (p.transaction = p.transaction.slice(0, -2)),
  'transaction, with an octet more': (p) => (p.transaction += '00'),
  branch: (p) => (p.branch[0] = flip(p.branch[0])),
  'branch, one more': (p) => p.branch.push(p.branch[0]),
  'branch, one fewer': (p) => p.branch.pop(),
  position: (p) => (p.position ^= 1),
  'position outside the tree': (p) => (p.position += 2 ** p.branch.length),
  blockHash: (p) => (p.blockHash = flip(p.blockHash)),
  'header, its Merkle root': (p) => (p.header = flip(p.header, 72)),
  'header, its time': (p) => (p.header = flip(p.header, 136)),
  'header, its bits': (p) => (p.header = flip(p.header, 144)),
  'auxPow, its header': (p) => (p.auxPow = flip(p.auxPow, 72)),
  'auxPow, the coinbase': (p) => (p.auxPow = flip(p.auxPow, COINBASE_SCRIPT)),
  'auxPow, the parent': (p) => (p.auxPow = flip(p.auxPow, PARENT_MERKLE_ROOT)),
  'auxPow, cut short': (p) => (p.auxPow = p.auxPow.slice(0, -2)),
  'auxPow left out': (p) => delete p.auxPow,
  'headerBranch.checkpoint': (p) => (p.headerBranch.checkpoint += 1),
  'headerBranch.checkpoint below the height': (p) => (p.headerBranch.checkpoint = p.height - 1),
  'headerBranch.branch': (p) => (p.headerBranch.branch[2] = flip(p.headerBranch.branch[2])),
  'headerBranch.branch, one fewer': (p) => p.headerBranch.branch.pop(),
  'headerBranch.root': (p) => (p.headerBranch.root = flip(p.headerBranch.root)),
  scripthash: (p) => (p.scripthash = flip(p.scripthash)),
}

describe.skipIf(!hasPython)('a proof, checked with nothing of ours (needs python3)', () => {
  let fetched: { asked: string; proof: Json }[]
  let tampered: ReadonlyMap<string, string>

  beforeAll(async () => {
    const { source } = await provingWorld()
    const client = openClient({ source })
    fetched = await Promise.all(
      NAMES.map(async (asked) => {
        const response = await client.request(`/proof/${encodeURIComponent(asked)}`)
        return { asked, proof: JSON.parse(Buffer.from(response.body).toString()) }
      }),
    )
    const cases = Object.values(TAMPERINGS).map((tamper) => {
      const one = structuredClone(fetched[0]!)
      tamper(one.proof)
      return one
    })
    const verdicts = checked(cases)
    tampered = new Map(Object.keys(TAMPERINGS).map((field, index) => [field, verdicts[index]!]))
  })

  test('holds, for every kind of name', () => {
    expect(checked(fetched)).toEqual(NAMES.map(() => 'ok'))
  })

  test('does not hold for another name than the one asked for', () => {
    const { proof } = fetched[0]!
    expect(checked([{ asked: 'dual.bit', proof }])).toEqual(['another name'])
    const renamed = { ...proof, name: 'dual.bit', key: 'd/dual' }
    expect(checked([{ asked: 'dual.bit', proof: renamed }])).toEqual(['another scripthash'])
  })

  test('is rejected with the proof of another name in any of its fields', () => {
    const [one, other] = [fetched[2]!, fetched[3]!]
    const fields = Object.keys(one.proof).filter(
      (field) => JSON.stringify(one.proof[field]) !== JSON.stringify(other.proof[field]),
    )
    expect(fields).toEqual(expect.arrayContaining(['key', 'value', 'txid', 'transaction', 'branch']))
    const verdicts = checked(
      fields
        .filter((field) => field !== 'servers')
        .map((field) => ({ ...one, proof: { ...one.proof, [field]: other.proof[field] } })),
    )
    expect(verdicts).not.toContain('ok')
  })

  test.each(Object.keys(TAMPERINGS))('is rejected with another %s', (field) => {
    const verdict = tampered.get(field)
    expect(verdict).not.toBe('ok')
    // A field that is missing may be noticed by tripping over it, anything else must be noticed by looking.
    expect(verdict).not.toMatch(/^malformed: (?!KeyError)/)
  })
})
