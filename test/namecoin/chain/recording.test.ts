import { describe, expect, test } from 'vitest'
import { hashToText } from '../../../src/namecoin/chain/hash.ts'
import { parseHeaders } from '../../../src/namecoin/chain/header.ts'
import { peaksOfProof, rootOf, withLeaf } from '../../../src/namecoin/chain/peaks.ts'
import { selectUpdate, type Update } from '../../../src/namecoin/chain/selection.ts'
import {
  type Proven,
  proveByChain,
  proveByRoot,
  proveByWindow,
} from '../../../src/namecoin/chain/value-proof.ts'
import { toHex } from '../../../src/namecoin/hex.ts'
import newer from '../../fixtures/electrumx-1.6.json' with { type: 'json' }
import { coreRecordings, replay } from '../../servers/core-replay.ts'
import { hash, hex, sha256, text } from './hashing.ts'
import {
  type Call,
  evidenceOf,
  proofEntries,
  REGISTERED,
  recordedChain,
  recordedHeaders,
  recordedOctets,
  regtest,
  result,
  TIP,
} from './recording.ts'

const chain = recordedChain()

test('all 207 blocks above genesis verify', () => {
  expect(hashToText(recordedHeaders[0]!.hash)).toBe(regtest.genesis)
  expect(chain.tip.height).toBe(TIP)
  expect(chain.tip.hash).toEqual(recordedHeaders[TIP]!.hash)
  expect(chain.tip.chainwork).toBe(2n * 208n)
  expect(chain.lowest).toBe(1)
  for (let height = 1; height <= TIP; height++) {
    expect(chain.at(height)?.hash).toEqual(recordedHeaders[height]!.hash)
    expect(chain.at(height)?.merkleRoot).toEqual(recordedHeaders[height]!.merkleRoot)
  }
  expect(recordedHeaders.slice(1).every(({ auxPow }) => auxPow !== undefined)).toBe(true)
})

test('the array of 1.6 has other cuts, but the same octets', () => {
  const call = (newer.calls as unknown as Call[]).find(
    ({ method, params }) => method === 'blockchain.block.headers' && JSON.stringify(params) === '[0,208]',
  )
  const joined = hex((call!.result as { headers: string[] }).headers.join(''))
  expect(joined).toEqual(recordedOctets)
  expect(parseHeaders(sha256, joined, 207)).toMatchObject({ kind: 'refused', code: 'trailing-octets' })
  expect(parseHeaders(sha256, joined, 209)).toMatchObject({ kind: 'refused', code: 'bad-header' })
})

/** Roots over all headers, computed by ourselves. */
const roots = new Map<number, Uint8Array>()
let peaks = { leaves: 0, peaks: [] } as Parameters<typeof withLeaf>[1]
for (const [height, header] of recordedHeaders.entries()) {
  peaks = withLeaf(sha256, peaks, header.hash)
  roots.set(height, rootOf(sha256, peaks)!)
}

test('our root is the server’s at every recorded checkpoint', () => {
  for (const checkpoint of [180, 207]) {
    const servers = REGISTERED.flatMap((name) => proofEntries(name, checkpoint)).flatMap(
      ({ header }) => header ?? [],
    )
    expect(servers.length).toBeGreaterThan(0)
    for (const { root } of servers) expect(root).toBe(hashToText(roots.get(checkpoint)!))
  }
})

test('peaks from a proof for the last leaf lead to the same roots', () => {
  const { header, branch, root } = result('blockchain.block.header', 180, 180) as {
    header: string
    branch: string[]
    root: string
  }
  expect(hex(header)).toHaveLength(80)
  const found = peaksOfProof(sha256, chain.at(180)!.hash, branch.map(hash), 180, hash(root))
  if (found.kind === 'refused') throw new Error(found.detail)
  let grown = found.peaks
  for (let height = 180; height <= TIP; height++) {
    grown = withLeaf(sha256, grown, chain.at(height)!.hash)
    expect(rootOf(sha256, grown)).toEqual(roots.get(height))
  }
})

describe.each([0, 180, 207])('value proofs with checkpoint %i', (checkpoint) => {
  test.each(REGISTERED)('%s', (name) => {
    for (const entry of proofEntries(name, checkpoint)) {
      const evidence = evidenceOf(name, entry)
      expect(proveByChain(sha256, chain, evidence)).toMatchObject({ kind: 'proven', foundation: 'chain' })
      if (entry.header === undefined) continue
      const root = { height: checkpoint, root: roots.get(checkpoint)!, lowest: 1 }
      expect(proveByRoot(sha256, root, evidence)).toMatchObject({
        kind: 'proven',
        foundation: 'root',
        update: { height: entry.height },
      })
    }
  })
})

test('a floating window proves what has twelve blocks', () => {
  const [entry] = proofEntries('d/jordia65', 207)
  const headers = recordedHeaders.slice(entry!.height, entry!.height + 12)
  const terms = { bits: 0x207fffff, now: headers.at(-1)!.time + 60, tip: TIP }
  const evidence = evidenceOf('d/jordia65', entry!)
  expect(proveByWindow(sha256, regtest, terms, evidence, headers)).toMatchObject({
    kind: 'proven',
    foundation: 'window',
  })
})

describe('what is served at 207', () => {
  const updates = (name: string, checkpoint = 0): Update[] =>
    proofEntries(name, checkpoint).map((entry) => {
      const outcome = proveByChain(sha256, chain, evidenceOf(name, entry))
      return (outcome as Proven).update
    })
  const selected = (name: string, tip = TIP, least = 12) => selectUpdate(regtest, updates(name), tip, least)
  const value = (name: string) => {
    const selection = selected(name)
    return selection.kind === 'found' ? text(selection.update.value) : selection.kind
  }

  test.each(REGISTERED)('%s: as Namecoin Core says', (name) => {
    const body = {
      jsonrpc: '2.0',
      id: 1,
      method: 'name_show',
      params: [name, { nameEncoding: 'utf8', valueEncoding: 'hex', allowExpired: true }],
    }
    const { result } = JSON.parse(replay(coreRecordings, JSON.stringify(body), 'valid').body)
    const selection = selected(name)
    expect(selection.kind).toBe(result.expired ? 'expired' : 'found')
    if (selection.kind !== 'found' && selection.kind !== 'expired') return
    expect(toHex(selection.update.value)).toBe(result.value)
    expect(hashToText(selection.update.txid)).toBe(result.txid)
    expect(selection.update).toMatchObject({ height: result.height, output: result.vout })
    if (selection.kind === 'found') expect(selection.expiresIn).toBe(result.expires_in)
  })

  test('d/single: what waits in the mempool is not served', () => {
    expect(value('d/single')).toMatchInlineSnapshot(`"{"ip":"192.0.2.1"}"`)
  })

  test('d/reborn: the new owner’s value', () => {
    expect(value('d/reborn')).toMatchInlineSnapshot(`"{"ip":"192.0.2.113"}"`)
    expect(selected('d/reborn')).toMatchObject({ update: { operation: 'first-update', height: 194 } })
  })

  test('d/expired', () => {
    expect(selected('d/expired')).toMatchObject({ kind: 'expired', update: { height: 145 } })
    expect(selected('d/expired', 174)).toMatchObject({ kind: 'found', expiresIn: 1 })
    expect(selected('d/expired', 175)).toMatchObject({ kind: 'expired' })
  })

  test('d/updated: the newest of eight', () => {
    expect(selected('d/updated')).toMatchObject({
      kind: 'found',
      confirmations: 14,
      expiresIn: 17,
      update: { height: 194 },
    })
    expect(value('d/updated')).toMatchInlineSnapshot(`"{"ip":["192.0.2.107","192.0.2.108"]}"`)
  })

  test('d/updated: while the newest is young the one before holds', () => {
    const selection = selected('d/updated', 200)
    expect(selection).toMatchObject({ kind: 'found', waiting: expect.any(Number) })
    expect(selection.kind === 'found' && selection.update.height).toBeLessThan(194)
  })

  test('every name expires at 224', () => {
    for (const name of REGISTERED) expect(selected(name, 224).kind).toBe('expired')
  })
})
