import { describe, expect, test } from 'vitest'
import { hashToText, sha256d } from '../../../src/namecoin/chain/hash.ts'
import { parsePureHeader } from '../../../src/namecoin/chain/header.ts'
import { headerRoot, treeDepth } from '../../../src/namecoin/chain/merkle.ts'
import {
  indexScript,
  nameOperation,
  readNameScript,
  scriptHash,
} from '../../../src/namecoin/chain/name-script.ts'
import { NETWORKS } from '../../../src/namecoin/chain/network.ts'
import { type Peaks, peaksOfProof, rootOf, withLeaf } from '../../../src/namecoin/chain/peaks.ts'
import { proofOfWorkFault } from '../../../src/namecoin/chain/proof-of-work.ts'
import { selectUpdate, type Update } from '../../../src/namecoin/chain/selection.ts'
import { parseTransaction, txidOf } from '../../../src/namecoin/chain/transaction.ts'
import { proveByRoot } from '../../../src/namecoin/chain/value-proof.ts'
import { toHex } from '../../../src/namecoin/hex.ts'
import { hash, hex, octets, sha256, text } from './hashing.ts'
import type { ProofEntry } from './recording.ts'
import { present, vectors, without } from './vectors.ts'

interface NameRow {
  name_hex: string
  name_ascii: string | null
  index_script: string
  sha256: string
  scripthash: string
  note: string
}

interface TransactionRow {
  txid: string
  version: number
  hex: string
  inputs: { txid: string; vout: number }[]
  name_outputs: { op: string; name: string; value: string; vout: number; script: string }[]
}

const names = vectors('names.json')
const scripts: NameRow[] = names?.scripthashes ?? []
const transactions: TransactionRow[] = names?.transactions ?? []
const merkle = vectors('cp_merkle.json')
const bitcoin = vectors('value_proof_d_bitcoin.json')
const CHECKPOINT = 518_353

function parsed(row: string) {
  const transaction = parseTransaction(hex(row))
  if (transaction.kind === 'refused') throw new Error(transaction.detail)
  return transaction
}

describe.skipIf(!present)(`names${without}`, () => {
  test.each(scripts)('script hash: $note $name_hex', (row) => {
    const name = hex(row.name_hex)
    expect(toHex(indexScript(name))).toBe(row.index_script)
    expect(toHex(sha256(indexScript(name)))).toBe(row.sha256)
    expect(scriptHash(sha256, name)).toBe(row.scripthash)
    expect(readNameScript(indexScript(name))).toMatchObject({
      operation: 'update',
      name,
      value: new Uint8Array(0),
    })
  })

  test.each(transactions)('transaction $txid', (row) => {
    const transaction = parsed(row.hex)
    expect(hashToText(txidOf(sha256, transaction))).toBe(row.txid)
    expect(transaction.version).toBe(row.version)
    expect(transaction.inputs.map(({ txid, output }) => ({ txid: hashToText(txid), vout: output }))).toEqual(
      row.inputs.map(({ txid, vout }) => ({ txid, vout })),
    )
    const [named] = row.name_outputs
    const wanted = nameOperation(transaction, hex(named?.name ?? '642f78'))
    if (named === undefined) {
      expect(wanted).toMatchObject({ kind: 'refused', code: 'not-a-name-transaction' })
    } else if (named.op === 'name_new') {
      expect(wanted).toMatchObject({ kind: 'refused', code: 'wrong-name' })
      expect(readNameScript(hex(named.script))).toBeUndefined()
    } else {
      expect(wanted).toMatchObject({
        kind: 'operation',
        output: named.vout,
        operation: {
          operation: named.op === 'name_update' ? 'update' : 'first-update',
          name: hex(named.name),
          value: hex(named.value),
        },
      })
    }
  })
})

describe.skipIf(!present)(`the tree of headers${without}`, () => {
  const leaf = (index: number) => sha256d(sha256, Uint8Array.of(index))

  test('synthetic roots and branches', () => {
    let peaks: Peaks = { leaves: 0, peaks: [] }
    for (const row of merkle.synthetic.rows) {
      const last = row.n - 1
      peaks = withLeaf(sha256, peaks, leaf(last))
      expect(hashToText(rootOf(sha256, peaks)!)).toBe(row.root)
      const branch: Uint8Array[] = row.last_leaf_branch.map(hash)
      expect(headerRoot(sha256, leaf(last), branch, last, last)).toEqual(hash(row.root))
      const below = peaksOfProof(sha256, leaf(last), branch, last, hash(row.root))
      if (below.kind === 'refused') throw new Error(below.detail)
      expect(rootOf(sha256, withLeaf(sha256, below.peaks, leaf(last)))).toEqual(hash(row.root))
    }
  })

  test('Bitcoin’s example', () => {
    const { height, cp_height, header, branch, root } = merkle.real_bitcoin_example
    const parsedHeader = parsePureHeader(sha256, hex(header))
    if (parsedHeader.kind === 'refused') throw new Error(parsedHeader.code)
    expect(headerRoot(sha256, parsedHeader.hash, branch.map(hash), height, cp_height)).toEqual(hash(root))
  })

  test('depth', () => {
    expect([0, 1, 2, 3, 4, 5, 518_354, 524_288, 524_289].map(treeDepth)).toEqual([
      0, 0, 1, 2, 2, 3, 19, 19, 20,
    ])
  })
})

describe.skipIf(!present)(`d/bitcoin${without}`, () => {
  const reply: ProofEntry[] = bitcoin ? (Object.values(bitcoin.result)[0] as ProofEntry[]) : []
  const row = (vectors('checkpoints.json')?.cp_height_checkpoints.rows ?? []).find(
    ({ height }: { height: number }) => height === CHECKPOINT,
  )
  const evidence = (entry: ProofEntry, name = 'd/bitcoin') => ({
    name: octets(name),
    height: entry.height,
    transaction: hex(entry.tx),
    branch: entry.tx_merkle.merkle.map(hash),
    position: entry.tx_merkle.pos,
    ...(entry.header && { header: hex(entry.header.header), headerBranch: entry.header.branch.map(hash) }),
  })

  test('the oldest update is proven by the checkpoint of Electrum-NMC', () => {
    const root = { height: CHECKPOINT, root: hash(row.merkle_root), lowest: 1 }
    const outcome = proveByRoot(sha256, root, evidence(reply.at(-1)!))
    expect(outcome).toMatchObject({ kind: 'proven', update: { height: 495_000, operation: 'update' } })
    expect(outcome.kind === 'proven' && text(outcome.update.value)).toBe('reserved')
    for (const entry of reply.slice(0, -1)) {
      expect(proveByRoot(sha256, root, evidence(entry))).toMatchObject({ code: 'height-out-of-reach' })
    }
    expect(proveByRoot(sha256, { ...root, lowest: 495_001 }, evidence(reply.at(-1)!))).toMatchObject({
      code: 'height-out-of-reach',
    })
    expect(proveByRoot(sha256, root, { ...evidence(reply.at(-1)!), height: 494_999 })).toMatchObject({
      code: 'wrong-checkpoint-root',
    })
  })

  test('its header has no AuxPoW with it, so it shows no work', () => {
    const header = parsePureHeader(sha256, hex(reply.at(-1)!.header!.header))
    if (header.kind === 'refused') throw new Error(header.code)
    expect(proofOfWorkFault(sha256, NETWORKS.mainnet, header)?.code).toBe('high-hash')
  })

  test('five updates, of which the newest unexpired one is served', () => {
    const updates: Update[] = reply.map((entry, index) => {
      const transaction = parsed(entry.tx)
      expect(hashToText(txidOf(sha256, transaction))).toBe(bitcoin.facts[index].txid)
      const found = nameOperation(transaction, octets('d/bitcoin'))
      if (found.kind === 'refused') throw new Error(found.code)
      expect(text(found.operation.value)).toBe(bitcoin.facts[index].value)
      return {
        ...found.operation,
        height: entry.height,
        position: entry.tx_merkle.pos,
        txid: txidOf(sha256, transaction),
        output: found.output,
        spends: transaction.inputs,
      }
    })
    const at = (tip: number) => selectUpdate(NETWORKS.mainnet, updates, tip)
    expect(at(607_864)).toMatchObject({ kind: 'found', update: { height: 607_853 }, confirmations: 12 })
    expect(at(607_863)).toMatchObject({ kind: 'found', update: { height: 597_196 }, waiting: 1 })
    expect(at(643_852)).toMatchObject({ kind: 'found', expiresIn: 1 })
    expect(at(643_853)).toMatchObject({ kind: 'expired' })
    // Renewed at 563,168, 1,781 blocks before the end.
    expect(at(563_170)).toMatchObject({ kind: 'found', update: { height: 528_949 }, waiting: 1 })
  })
})
