import { describe, expect, test } from 'vitest'
import { hashFromText, hashToText } from '../../../src/namecoin/chain/hash.ts'
import { parseHeader, parseHeaders } from '../../../src/namecoin/chain/header.ts'
import { HeaderChain } from '../../../src/namecoin/chain/header-chain.ts'
import { fold } from '../../../src/namecoin/chain/merkle.ts'
import { NETWORKS } from '../../../src/namecoin/chain/network.ts'
import { expectedChainIndex, proofOfWorkFault } from '../../../src/namecoin/chain/proof-of-work.ts'
import { bitsOfTarget, retarget, timespanStart, workOfBits } from '../../../src/namecoin/chain/target.ts'
import { parseTransaction, txidOf } from '../../../src/namecoin/chain/transaction.ts'
import { versionFault } from '../../../src/namecoin/chain/version.ts'
import { hash, hex, sha256 } from './hashing.ts'
import { present, vectors, without } from './vectors.ts'

const { mainnet } = NETWORKS

interface RealHeader {
  height: number
  hex: string
  size: number
  hash: string
  version: number
  prev: string
  merkle_root: string
  time: number
  bits: string
  nonce: number
  is_auxpow: boolean
  note: string
}

interface Run {
  start: number
  end: number
  why: string
  concat_hex: string
  headers: { height: number; hash: string; size: number; bits: string; time: number }[]
}

const real: RealHeader[] = vectors('auxpow_headers.json')?.headers ?? []
const runs: Run[] = vectors('header_runs.json')?.runs ?? []
const negatives: { name: string; base_height: number; expect: string; hex: string }[] =
  vectors('auxpow_negative.json')?.cases ?? []
const other = vectors('auxpow_other.json')
const retargets = vectors('retargets.json')
const checkpoints = vectors('checkpoints.json')
const geneses: { network: 'mainnet' | 'testnet' | 'regtest'; header_hex: string; hash: string }[] =
  vectors('genesis.json')?.rows ?? []

function parsed(octets: Uint8Array) {
  const header = parseHeader(sha256, octets)
  if (header.kind === 'refused') throw new Error(header.code)
  return header
}

describe.skipIf(!present)(`real headers of mainnet${without}`, () => {
  test.each(real)('$height: $note', (row) => {
    const header = parsed(hex(row.hex))
    expect(hashToText(header.hash)).toBe(row.hash)
    expect(hashToText(header.previous)).toBe(row.prev)
    expect(hashToText(header.merkleRoot)).toBe(row.merkle_root)
    expect(header).toMatchObject({ version: row.version, time: row.time, nonce: row.nonce })
    expect(header.bits).toBe(Number.parseInt(row.bits, 16))
    expect(header.auxPow !== undefined).toBe(row.is_auxpow)
    expect(proofOfWorkFault(sha256, mainnet, header)).toBeUndefined()
    expect(versionFault(mainnet, header, row.height)).toBeUndefined()
  })

  test.each(runs)('$start to $end: $why', (run) => {
    const count = run.end - run.start + 1
    const reply = parseHeaders(sha256, hex(run.concat_hex), count)
    if (reply.kind === 'refused') throw new Error(reply.code)
    for (const [index, header] of reply.headers.entries()) {
      expect(hashToText(header.hash)).toBe(run.headers[index]!.hash)
      expect(proofOfWorkFault(sha256, mainnet, header)).toBeUndefined()
      if (index > 0) expect(header.previous).toEqual(reply.headers[index - 1]!.hash)
    }
  })

  test.each(runs)('$start to $end: on a chain, whose retarget follows from the time before', (run) => {
    const reply = parseHeaders(sha256, hex(run.concat_hex), run.end - run.start + 1)
    if (reply.kind === 'refused') throw new Error(reply.code)
    const [first, ...rest] = reply.headers
    const boundary = (Math.floor(run.start / 2016) + 1) * 2016
    const start = timespanStart(mainnet, boundary)
    const from = retargets.rows.find((row: unknown[]) => row[1] === start)?.[2]
    const upTo = retargets.rows.find((row: unknown[]) => row[3] === start)?.[4]
    const anchor = {
      height: run.start,
      hash: first!.hash,
      bits: first!.bits,
      time: first!.time,
      periodStartTime: from ?? upTo ?? 0,
      chainwork: 0n,
      previousTimes: [],
    }
    const chain = new HeaderChain(sha256, mainnet, anchor)
    const now = rest.at(-1)!.time
    expect(chain.append(rest, now)).toMatchObject({ kind: 'extended', added: rest.length })
    if (boundary > run.end) return
    // A timespan that begins 115 days later is held to the shortest: another target.
    const later = { ...anchor, periodStartTime: anchor.periodStartTime + 9_999_999 }
    const wrong = new HeaderChain(sha256, mainnet, later)
    expect(wrong.append(rest, now)).toMatchObject({ kind: 'refused', code: 'bad-diffbits', height: boundary })
    expect(wrong.tip.height).toBe(run.start)
  })

  test.each(geneses)('genesis of $network', ({ network, header_hex, hash }) => {
    const header = parsed(hex(header_hex))
    expect(hashToText(header.hash)).toBe(hash)
    expect(NETWORKS[network].genesis).toBe(hash)
    expect(proofOfWorkFault(sha256, NETWORKS[network], header)).toBeUndefined()
  })

  test('testnet: a parent whose coinbase has no outputs', () => {
    const header = parsed(hex(other.testnet_zero_output.hex))
    expect(hashToText(header.hash)).toBe(other.testnet_zero_output.hash)
    expect(hashToText(header.auxPow!.coinbase.txid)).toBe(other.testnet_zero_output.coinbase_txid)
    expect(hashToText(header.auxPow!.parent.hash)).toBe(other.testnet_zero_output.parent_hash)
    expect(proofOfWorkFault(sha256, NETWORKS.testnet, header)).toBeUndefined()
  })

  test('whole blocks: the header ends where the transactions begin', () => {
    for (const block of other.electrumx_blocks) {
      const octets = hex(block.block_hex)
      const header = parsed(octets.subarray(0, block.header_size))
      expect(hashToText(header.hash)).toBe(block.hash)
      expect(proofOfWorkFault(sha256, mainnet, header)).toBeUndefined()
      if (block.txids.length !== 1) continue
      const transaction = parseTransaction(octets.subarray(block.header_size + 1))
      if (transaction.kind === 'refused') throw new Error(transaction.detail)
      expect(hashToText(txidOf(sha256, transaction))).toBe(block.txids[0])
      expect(txidOf(sha256, transaction)).toEqual(header.merkleRoot)
    }
  })

  test('Dogecoin: the AuxPoW is sound, but of another chain and not of SHA-256', () => {
    const { header_hex, hash, chain_id } = other.dogecoin_secondary
    const header = parsed(hex(header_hex))
    expect(hashToText(header.hash)).toBe(hash)
    expect(proofOfWorkFault(sha256, mainnet, header)?.code).toBe('wrong-chain-id')
    const dogecoin = { ...mainnet, chainId: chain_id, targetLimit: 2n ** 236n - 1n }
    expect(proofOfWorkFault(sha256, dogecoin, header)?.code).toBe('high-hash')
  })

  test('2026: the chain branch of block 823,506 leads to the root in the coinbase', () => {
    const row = vectors('auxpow_2026_partial.json')
    const root = fold(sha256, hash(row.hash), row.chain_branch.map(hash), row.chain_index)
    expect(hashToText(root)).toBe(row.chain_root)
    expect(row.coinbase_scriptsig).toContain(`fabe6d6d${row.chain_root}`)
    expect(expectedChainIndex(row.merkle_nonce, 1, row.chain_branch.length)).toBe(row.chain_index)
    expect(bitsOfTarget(BigInt(`0x${row.target}`))).toBe(Number.parseInt(row.bits, 16))
  })
})

const CODES: Readonly<Record<string, string>> = {
  'own chain id': 'parent-has-our-chain-id',
  'parent auxpow bit': 'parent-is-merge-mined',
  'too long': 'chain-branch-too-long',
  'root missing': 'chain-root-missing',
  pow: 'high-hash',
  'dup mm': 'several-merge-mining-headers',
  'root too late': 'chain-root-too-late',
  size: 'wrong-chain-size',
  index: 'wrong-chain-index',
  'parse error': 'bad-header',
  'wrong chain id': 'wrong-chain-id',
}

describe.skipIf(!present)(`mutated headers are refused for the first rule they break${without}`, () => {
  test.each(negatives)('$name', (row) => {
    const header = parseHeader(sha256, hex(row.hex))
    const fault = header.kind === 'refused' ? header : proofOfWorkFault(sha256, mainnet, header)
    expect(fault?.code).toBe(CODES[row.expect] ?? row.expect)
  })
})

describe.skipIf(!present)(`retargets and work${without}`, () => {
  test('every boundary', () => {
    expect(retargets.rows.length).toBeGreaterThan(100)
    for (const [height, first, firstTime, last, lastTime, oldBits, newBits] of retargets.rows) {
      expect(timespanStart(mainnet, height)).toBe(first)
      expect(last).toBe(height - 1)
      const bits = retarget(mainnet, Number.parseInt(oldBits, 16), lastTime - firstTime)
      expect(bits.toString(16).padStart(8, '0')).toBe(newBits)
    }
  })

  test('summed work is Core’s', () => {
    const chunks: string[] = retargets.chainwork.bits_per_2016_chunk
    for (const { height, chainwork } of retargets.chainwork.known) {
      let work = 0n
      for (let chunk = 0; chunk * 2016 <= height; chunk++) {
        const blocks = BigInt(Math.min(2016, height + 1 - chunk * 2016))
        work += blocks * workOfBits(Number.parseInt(chunks[chunk]!, 16))
      }
      expect(work.toString(16)).toBe(chainwork)
    }
  })

  test('the checkpoints of Electrum-NMC: rounded targets, readable hashes', () => {
    for (const [, text, decimal, bits] of checkpoints.electrum_nmc_master.rows) {
      expect(bitsOfTarget(BigInt(decimal)).toString(16).padStart(8, '0')).toBe(bits)
      expect(hashToText(hashFromText(text)!)).toBe(text)
    }
  })
})
