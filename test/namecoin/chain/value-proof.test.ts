import { describe, expect, test } from 'vitest'
import { concatenated, sha256d } from '../../../src/namecoin/chain/hash.ts'
import type { Header } from '../../../src/namecoin/chain/header.ts'
import { HeaderChain } from '../../../src/namecoin/chain/header-chain.ts'
import { joined, transactionRoot } from '../../../src/namecoin/chain/merkle.ts'
import { indexScript } from '../../../src/namecoin/chain/name-script.ts'
import { NO_PEAKS, rootOf, withLeaf } from '../../../src/namecoin/chain/peaks.ts'
import {
  type Evidence,
  proveByChain,
  proveByRoot,
  proveByWindow,
  STALE_TIP_SECONDS,
} from '../../../src/namecoin/chain/value-proof.ts'
import { octets, sha256, text } from './hashing.ts'
import { mine, mineChain, pureOctets } from './mine.ts'
import {
  evidenceOf,
  GENESIS_ANCHOR,
  NOW,
  proofEntries,
  recordedChain,
  recordedHeaders,
  regtest,
  TIP,
} from './recording.ts'

const chain = recordedChain()
const NAME = 'd/jordia65'
const honest = evidenceOf(NAME, proofEntries(NAME, TIP)[0]!)
const peaks = recordedHeaders.reduce((all, { hash }) => withLeaf(sha256, all, hash), NO_PEAKS)
const checkpoint = { height: TIP, root: rootOf(sha256, peaks)!, lowest: 1 }

const byChain = (changes: Partial<Evidence>, base = honest) =>
  proveByChain(sha256, chain, { ...base, ...changes })
const byRoot = (changes: Partial<Evidence>, terms = {}) =>
  proveByRoot(sha256, { ...checkpoint, ...terms }, { ...honest, ...changes })

const flipped = (source: Uint8Array, at: number) =>
  source.map((octet, index) => (index === at ? octet ^ 1 : octet))

test('what is proven', () => {
  const outcome = byChain({})
  expect(outcome).toMatchObject({
    kind: 'proven',
    foundation: 'chain',
    update: { operation: 'update', height: 194, position: 15, output: 0 },
    block: { height: 194, hash: recordedHeaders[194]!.hash, time: recordedHeaders[194]!.time },
  })
  expect(outcome.kind === 'proven' && JSON.parse(text(outcome.update.value))).toHaveProperty('ip')
  expect(byRoot({})).toEqual({ ...outcome, foundation: 'root' })
})

describe('lies about the transaction', () => {
  const [foreign] = proofEntries('d/ha-demo', TIP)
  const other = evidenceOf('d/ha-demo', foreign!)

  test.each<[string, Partial<Evidence>, string]>([
    ['no transaction', { transaction: new Uint8Array(0) }, 'bad-transaction'],
    ['cut off', { transaction: honest.transaction.subarray(0, -1) }, 'bad-transaction'],
    [
      'something behind it',
      { transaction: concatenated([honest.transaction, Uint8Array.of(0)]) },
      'bad-transaction',
    ],
    ['another name’s, honestly proven', { ...other, name: honest.name }, 'wrong-name'],
    ['one octet changed', { transaction: flipped(honest.transaction, 50) }, 'wrong-merkle-root'],
    ['of another version', { transaction: flipped(honest.transaction, 0) }, 'not-a-name-transaction'],
    ['forged branch', { branch: [new Uint8Array(32), ...honest.branch.slice(1)] }, 'wrong-merkle-root'],
    ['short branch', { branch: honest.branch.slice(1) }, 'wrong-merkle-root'],
    ['long branch', { branch: Array(31).fill(new Uint8Array(32)) }, 'bad-branch'],
    ['no hashes in the branch', { branch: [new Uint8Array(31)] }, 'bad-branch'],
    ['no branch', { branch: [] }, 'bad-branch'],
    ['another position', { position: honest.position ^ 2 }, 'wrong-merkle-root'],
    ['a position outside the block', { position: honest.position + 2 ** honest.branch.length }, 'bad-branch'],
    ['a negative position', { position: -1 }, 'bad-branch'],
    ['a position that is no number', { position: Number.NaN }, 'bad-branch'],
    ['another height', { height: 193 }, 'wrong-merkle-root'],
    ['a height above the tip', { height: 208 }, 'height-out-of-reach'],
    ['a height that is no number', { height: Number.NaN }, 'height-out-of-reach'],
  ])('%s', (_, changes, code) => {
    const { header: _header, ...bare } = honest
    expect(byChain(changes, bare)).toMatchObject({ kind: 'refused', code })
  })

  test('the update before, passed off as one of now', () => {
    const older = evidenceOf('d/updated', proofEntries('d/updated', 0).at(-1)!)
    expect(byChain({}, older).kind).toBe('proven')
    expect(byChain({ height: 194 }, older)).toMatchObject({ code: 'wrong-merkle-root' })
  })
})

describe('lies about the header', () => {
  const header = honest.header!

  test.each<[string, Partial<Evidence>, string]>([
    ['forged header', { header: flipped(header, 40) }, 'foreign-header'],
    ['header of another block', { header: pureOctets(recordedHeaders[193]!) }, 'foreign-header'],
    ['cut off', { header: header.subarray(1) }, 'bad-header'],
  ])('%s, against the chain', (_, changes, code) => {
    expect(byChain(changes)).toMatchObject({ code })
  })

  test.each<[string, Partial<Evidence>, string]>([
    ['forged header', { header: flipped(header, 40) }, 'wrong-checkpoint-root'],
    ['no header', { header: undefined } as never, 'header-missing'],
    ['no branch', { headerBranch: undefined } as never, 'header-missing'],
    ['short branch', { headerBranch: honest.headerBranch!.slice(1) }, 'bad-branch'],
    ['forged branch', { headerBranch: honest.headerBranch!.toReversed() }, 'wrong-checkpoint-root'],
    ['fake height, to live longer', { height: 195 }, 'wrong-checkpoint-root'],
    ['a height above the checkpoint', { height: 208 }, 'height-out-of-reach'],
  ])('%s, against the root', (_, changes, code) => {
    expect(byRoot(changes)).toMatchObject({ code })
  })

  test('below what we appended ourselves the root proves nothing', () => {
    expect(byRoot({}, { lowest: 194 }).kind).toBe('proven')
    expect(byRoot({}, { lowest: 195 })).toMatchObject({ code: 'height-out-of-reach' })
  })

  test('a header with AuxPoW is as good as one without', () => {
    const pure = pureOctets(recordedHeaders[194]!)
    expect(byChain({ header: pure }).kind).toBe('proven')
    expect(pure).toEqual(header)
  })
})

/** A transaction of version 0x7100 with one input and these outputs' scripts. */
function nameTransaction(...scripts: Uint8Array[]): Uint8Array {
  const input = concatenated([new Uint8Array(36), Uint8Array.of(0), new Uint8Array(4)])
  const outputs = scripts.map((script) => {
    const { length } = script
    const prefix = length < 0xfd ? Uint8Array.of(length) : Uint8Array.of(0xfd, length & 0xff, length >> 8)
    return concatenated([new Uint8Array(8), prefix, script])
  })
  return concatenated([
    Uint8Array.of(0x00, 0x71, 0, 0, 1),
    input,
    Uint8Array.of(scripts.length),
    ...outputs,
    new Uint8Array(4),
  ])
}

function updateScript(name: string, value: Uint8Array): Uint8Array {
  const start = indexScript(octets(name)).subarray(0, -4)
  const length = Uint8Array.of(0x4d, value.length & 0xff, value.length >> 8)
  return concatenated([start, length, value, Uint8Array.of(0x6d, 0x75, 0x51)])
}

/** A chain of one mined block that has these transactions, and evidence for the last of them. */
function blockWith(...transactions: Uint8Array[]): { chain: HeaderChain; evidence: Evidence } {
  const ids = transactions.map((transaction) => sha256d(sha256, transaction))
  const merkleRoot = ids.length === 1 ? ids[0]! : joined(sha256, ids[0]!, ids[1]!)
  const own = new HeaderChain(sha256, regtest, GENESIS_ANCHOR)
  own.append([mine(GENESIS_ANCHOR.hash, GENESIS_ANCHOR.time + 1, { merkleRoot })], NOW)
  const evidence = {
    name: octets('d/x'),
    height: 1,
    transaction: transactions.at(-1)!,
    branch: ids.slice(0, -1),
    position: transactions.length - 1,
  }
  return { chain: own, evidence }
}

describe('transactions that a miner may make', () => {
  const outcome = (...transactions: Uint8Array[]) => {
    const { chain, evidence } = blockWith(...transactions)
    return proveByChain(sha256, chain, evidence)
  }

  test('values up to 1,023 octets', () => {
    expect(outcome(nameTransaction(updateScript('d/x', new Uint8Array(1023)))).kind).toBe('proven')
    expect(outcome(nameTransaction(updateScript('d/x', new Uint8Array(1024))))).toMatchObject({
      code: 'value-too-long',
    })
  })

  test('one name output, not two', () => {
    const twice = nameTransaction(updateScript('d/x', octets('1')), updateScript('d/x', octets('2')))
    expect(outcome(twice)).toMatchObject({ code: 'several-name-outputs' })
    const others = nameTransaction(updateScript('d/y', octets('1')), updateScript('d/x', octets('2')))
    expect(outcome(others)).toMatchObject({ code: 'several-name-outputs' })
    const paid = nameTransaction(Uint8Array.of(0x51), updateScript('d/x', octets('2')))
    expect(outcome(paid)).toMatchObject({ kind: 'proven', update: { output: 1, value: octets('2') } })
  })

  test('a position that only exists because the last hash of a level stands twice', () => {
    const transaction = nameTransaction(updateScript('d/x', octets('1')))
    const { chain, evidence } = blockWith(transaction, transaction)
    expect(proveByChain(sha256, chain, { ...evidence, position: 0 }).kind).toBe('proven')
    expect(proveByChain(sha256, chain, evidence)).toMatchObject({ code: 'duplicated-sibling' })
  })

  test('a transaction of 64 octets could be an inner node, and an inner node a transaction', () => {
    // 5 + 41 octets, an output of 13, four of lock time; a count of one.
    const node = nameTransaction(new Uint8Array(4))
    expect(node).toHaveLength(64)
    const { chain, evidence } = blockWith(node)
    expect(proveByChain(sha256, chain, evidence)).toMatchObject({ code: 'transaction-like-a-node' })
    // Its first half would be the id of the transaction that is passed off.
    expect(transactionRoot(sha256, node.slice(0, 32), [node.slice(32)], 0)).toMatchObject({
      code: 'inner-node-is-transaction',
    })
  })
})

describe('a floating window', () => {
  const headers = recordedHeaders.slice(194, 206)
  const terms = { bits: 0x207fffff, now: headers.at(-1)!.time + 60, tip: TIP }
  const { header: _, headerBranch: __, ...bare } = honest
  const byWindow = (window: readonly Header[], changes: Partial<Evidence> = {}, otherTerms = {}) =>
    proveByWindow(sha256, regtest, { ...terms, ...otherTerms }, { ...bare, ...changes }, window)

  test('twelve blocks of work', () => {
    expect(byWindow(headers)).toMatchObject({ kind: 'proven', foundation: 'window', block: { height: 194 } })
    expect(byWindow([...headers, recordedHeaders[3]!]).kind).toBe('proven')
  })

  test.each<[string, readonly Header[], string]>([
    ['eleven', headers.slice(0, 11), 'short-window'],
    ['none', [], 'short-window'],
    ['a gap', [...headers.slice(0, 5), ...headers.slice(6), recordedHeaders[206]!], 'broken-link'],
    ['of other blocks', recordedHeaders.slice(193, 205), 'wrong-merkle-root'],
    ['without work', lazyWindow(), 'high-hash'],
  ])('%s', (_, window, code) => {
    expect(byWindow(window)).toMatchObject({ kind: 'refused', code })
  })

  function lazyWindow(): Header[] {
    const early = headers.slice(0, 11)
    return [...early, mine(early.at(-1)!.hash, terms.now, { lazy: true })]
  }

  test('much easier than the checkpoint', () => {
    expect(byWindow(headers, {}, { bits: 0x201fffff }).kind).toBe('refused')
    expect(byWindow(headers, {}, { bits: 0x20200000 }).kind).toBe('proven')
    expect(byWindow(headers, {}, { bits: 0x1d00ffff })).toMatchObject({ code: 'too-easy' })
  })

  test('another target, but not at a retarget', () => {
    const first = mineChain(headers[0]!.previous, terms.now, 6)
    const rest = mineChain(first.at(-1)!.hash, first.at(-1)!.time, 6, 0, 0x207ffffe)
    const window = [...first, ...rest]
    const later = { now: terms.now + 3600 }
    expect(byWindow(window, {}, later)).toMatchObject({ code: 'bad-diffbits' })
    expect(byWindow(window, { height: 2010 }, later)).toMatchObject({ code: 'wrong-merkle-root' })
  })

  test('a tip must be fresh, a block that is buried need not', () => {
    const last = headers.at(-1)!.time
    const now = last + STALE_TIP_SECONDS + 1
    expect(byWindow(headers, {}, { tip: 205, now: now - 1 }).kind).toBe('proven')
    expect(byWindow(headers, {}, { tip: 205, now })).toMatchObject({ code: 'stale-tip' })
    expect(byWindow(headers, {}, { tip: 206, now }).kind).toBe('proven')
    expect(byWindow(headers, {}, { now: last - 7201 })).toMatchObject({ code: 'time-too-new' })
  })
})
