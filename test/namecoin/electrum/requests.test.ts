import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Answer, type Reply, result } from '../../../src/namecoin/electrum/failure.ts'
import {
  readBlockHeaders,
  readHeaderProof,
  readHistory,
  readTip,
  readTransaction,
  readTransactionProof,
  readValueProof,
} from '../../../src/namecoin/electrum/replies.ts'
import {
  type Asked,
  getBlockHeader,
  getBlockHeaders,
  getHeaderProof,
  getHistory,
  getTip,
  getTransaction,
  getTransactionProof,
  getValueProof,
} from '../../../src/namecoin/electrum/requests.ts'
import { toHex } from '../../../src/namecoin/hex.ts'
import {
  answer,
  type Backend,
  CHAIN_LIES,
  chainOf,
  LIES,
  liar,
  type Recording,
  recorded16,
  recorded143,
  replay,
} from '../../servers/electrumx.ts'
import { mine, nameScripthash, nameUpdate, tipOf, valueProof } from '../../servers/electrumx-chain.ts'
import { never } from '../clock.ts'

/** A server without a connection. */
const asked = (backend: Backend): Asked => ({
  call: async (method, params): Promise<Reply> => {
    const outcome = backend(method, params)
    return 'result' in outcome
      ? { kind: 'result', result: JSON.parse(JSON.stringify(outcome.result)) }
      : { kind: 'error', code: outcome.error.code, message: '' }
  },
})

const recorded = (recording: Recording): Asked => asked((method, params) => replay(recording, method, params))

function value<Value>(given: Answer<Value>): Value {
  if (given.kind !== 'result') throw new Error(JSON.stringify(given))
  return given.result
}

const chain = chainOf(recorded143)
const NAME = nameScripthash('d/jordia65')
const TXID = chain.histories.get(NAME)!.at(-1)!.tx_hash

describe.each([
  ['1.4.3', recorded143],
  ['1.6', recorded16],
])('a recorded server of %s', (_version, recording) => {
  const server = recorded(recording)

  test('the tip', async () => {
    const tip = value(await getTip(server, never))
    expect([tip.height, toHex(tip.header)]).toEqual([207, chain.headers[207]])
  })

  test.each([
    [0, 2_016, 208],
    [0, 208, 208],
    [181, 27, 27],
  ])('headers from %i, %i of them: the same octets in both shapes', async (start, count, got) => {
    const headers = value(await getBlockHeaders(server, start, count, never))
    expect(headers.count).toBe(got)
    expect(toHex(headers.headers)).toBe(chain.headers.slice(start, start + count).join(''))
  })

  test('one header, with and without proof', async () => {
    expect(toHex(value(await getBlockHeader(server, 150, never)))).toBe(chain.headers[150])
    const proof = value(await getHeaderProof(server, 150, 180, never))
    expect(toHex(proof.header)).toBe(chain.headers[150]!.slice(0, 160))
    expect(proof.branch).toHaveLength(8)
    expect(proof.root).toHaveLength(32)
  })

  test('history, transaction, branch', async () => {
    const history = value(await getHistory(server, NAME, never))
    expect(history.map(({ height }) => height)).toEqual([145, 171, 194])
    expect(toHex(value(await getTransaction(server, TXID, never)))).toBe(chain.transactions.get(TXID))
    const proof = value(await getTransactionProof(server, TXID, 194, never))
    const { merkle, pos } = chain.branches.get(TXID)!
    expect(proof.position).toBe(pos)
    expect(proof.branch.map((hash) => toHex(hash.slice().reverse()))).toEqual(merkle)
  })

  test('a value proof, newest first, the header with the last one', async () => {
    const proof = value(await getValueProof(server, NAME, 180, never))
    expect(proof.map(({ height }) => height)).toEqual([194, 171])
    expect(proof.map(({ header }) => header !== undefined)).toEqual([false, true])
  })

  test('a name that never existed', async () => {
    const nope = nameScripthash('d/nope')
    expect(value(await getHistory(server, nope, never))).toEqual([])
    expect(value(await getValueProof(server, nope, 180, never))).toEqual([])
  })

  test('errors', async () => {
    expect(await getBlockHeader(server, 208, never)).toMatchObject({ kind: 'error', code: 1 })
    expect(await getTransaction(server, '00'.repeat(32), never)).toMatchObject({ kind: 'error', code: 2 })
    expect(await getHeaderProof(server, 190, 180, never)).toMatchObject({ kind: 'error', code: 1 })
    expect(await getTransactionProof(server, TXID, 150, never)).toMatchObject({ kind: 'error', code: 1 })
  })
})

describe('the test server', () => {
  test('its model answers everything as the recorded server did, but for its bug', () => {
    for (const { method, params, ...outcome } of recorded143.calls) {
      const ours = answer(chain, method, params)
      const isCutWrongly = method === 'blockchain.block.headers' && params[0] === 150
      if (method === 'server.features' || isCutWrongly) continue
      if (outcome.error !== undefined) expect(ours, `${method} ${params}`).toHaveProperty('error')
      else expect(ours, `${method} ${params}`).toEqual({ result: outcome.result ?? null })
    }
  })

  test('a mined chain: headers follow each other, branches fit, the name is found', async () => {
    const transaction = nameUpdate('d/new', '{"ip":"192.0.2.1"}')
    const other = { name: 'd/other', transaction: nameUpdate('d/other', '{}', 1) }
    const mined = mine(chain, [[{ name: 'd/new', transaction }, other], [], []])
    const server = asked(liar(mined))
    expect(value(await getTip(server, never)).height).toBe(tipOf(chain) + 3)
    const [entry] = value(await getValueProof(server, nameScripthash('d/new'), 209, never))
    expect(entry).toMatchObject({ height: 208, proof: { position: 1 } })
    expect(toHex(entry!.transaction)).toBe(transaction)
    expect(entry!.header?.branch).toHaveLength(8)
  })

  test('a fork keeps nothing from above', () => {
    const fork = mine(chain, [[], []], 180, 1)
    expect(tipOf(fork)).toBe(182)
    expect(fork.headers[181]).not.toBe(mine(chain, [[], []], 180, 2).headers[181])
    for (const history of fork.histories.values()) {
      for (const { height } of history) expect(height).toBeLessThanOrEqual(180)
    }
  })

  test.each(Object.keys(CHAIN_LIES) as (keyof typeof CHAIN_LIES)[])('%s is told in a proof', (lie) => {
    const told = CHAIN_LIES[lie](chain)
    const differs = [...chain.histories.keys()].some(
      (key) =>
        JSON.stringify(valueProof(told, key, 187)) !== JSON.stringify(valueProof(chain, key, 187)) ||
        told.headers.length !== chain.headers.length,
    )
    expect(differs).toBe(true)
  })

  test.each(LIES)('%s: every reply is read, to a value', async (lie) => {
    const server = asked(liar(chain, [lie]))
    const answers: Answer<unknown>[] = [
      await getTip(server, never),
      await getBlockHeaders(server, 100, 50, never),
      await getHistory(server, NAME, never),
      await getHeaderProof(server, 150, 187, never),
      await getValueProof(server, NAME, 187, never),
    ]
    for (const { kind } of answers) expect(['result', 'error', 'failed']).toContain(kind)
  })

  test('the array of 1.6, cut in the wrong places, is joined again', async () => {
    const server = asked(liar(chain, ['array-headers']))
    const { headers } = value(await getBlockHeaders(server, 100, 50, never))
    expect(toHex(headers)).toBe(chain.headers.slice(100, 150).join(''))
  })
})

describe('shapes', () => {
  const hash = 'ab'.repeat(32)
  const header = '00'.repeat(80)
  const entry = { height: 1, tx: '00'.repeat(60), tx_merkle: { merkle: [hash], pos: 0 } }
  const proof = { header, branch: [hash], root: hash }

  test.each<[string, unknown]>([
    ['tip: no height', readTip({ hex: header })],
    ['tip: a negative height', readTip({ hex: header, height: -1 })],
    ['tip: a height beyond 31 bits', readTip({ hex: header, height: 2 ** 31 })],
    ['tip: a fraction', readTip({ hex: header, height: 1.5 })],
    ['tip: 79 octets', readTip({ hex: header.slice(2), height: 1 })],
    ['tip: no hex', readTip({ hex: `zz${header}`, height: 1 })],
    ['tip: a list', readTip([header, 1])],
    ['headers: more than asked for', readBlockHeaders({ hex: header.repeat(3), count: 3 }, 2)],
    ['headers: fewer octets than headers', readBlockHeaders({ hex: header, count: 2 }, 2)],
    ['headers: octets without headers', readBlockHeaders({ hex: header, count: 0 }, 2)],
    ['headers: no hex', readBlockHeaders({ count: 0 }, 2)],
    ['headers: a list of something else', readBlockHeaders({ headers: [header, 1], count: 1 }, 2)],
    ['header proof: no root', readHeaderProof({ ...proof, root: undefined })],
    ['header proof: a short hash', readHeaderProof({ ...proof, branch: ['ab'] })],
    ['header proof: a branch of 31', readHeaderProof({ ...proof, branch: Array(31).fill(hash) })],
    ['history: no list', readHistory({})],
    ['history: a height of -2', readHistory([{ tx_hash: hash, height: -2 }])],
    ['history: a short txid', readHistory([{ tx_hash: 'ab', height: 1 }])],
    ['transaction: an object, as when asked for verbosely', readTransaction({ hex: '00' })],
    ['transaction: too short', readTransaction('00')],
    ['branch: of another block', readTransactionProof({ block_height: 2, merkle: [], pos: 0 }, 1)],
    ['branch: a negative position', readTransactionProof({ block_height: 1, merkle: [], pos: -1 }, 1)],
    ['value proof: of another name', readValueProof({ [hash]: [] }, 'cd'.repeat(32))],
    ['value proof: inherited', readValueProof({}, 'constructor')],
    ['value proof: no list', readValueProof({ [hash]: {} }, hash)],
    ['value proof: no branch', readValueProof({ [hash]: [{ ...entry, tx_merkle: null }] }, hash)],
    ['value proof: half a header', readValueProof({ [hash]: [{ ...entry, header: { header } }] }, hash)],
    ['value proof: one of two entries', readValueProof({ [hash]: [entry, { ...entry, tx: 1 }] }, hash)],
  ])('refused: %s', (_title, read) => {
    expect(read).toBeUndefined()
  })

  test('hints for other names are left out', () => {
    expect(readValueProof({ [hash]: [entry], ['cd'.repeat(32)]: 'anything' }, hash)).toHaveLength(1)
  })

  test('a header with its AuxPoW, as protocol 1.4 proves it, loses it', () => {
    expect(readHeaderProof({ ...proof, header: header + 'ff'.repeat(500) })?.header).toHaveLength(80)
  })

  test('anything at all: a value, never an exception', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (any) => {
        readTip(any)
        readBlockHeaders(any, 10)
        readHeaderProof(any)
        readHistory(any)
        readTransaction(any)
        readTransactionProof(any, 1)
        readValueProof(any, '')
      }),
    )
  })

  test('a misshapen reply is a failure that says of what', async () => {
    expect(await getTip(asked(liar(chain, ['misshapen'])), never)).toEqual({
      kind: 'failed',
      code: 'protocol',
      detail: 'headers.subscribe: a reply of the wrong shape',
    })
    expect(await getTip({ call: async () => result([]) }, never)).toMatchObject({ code: 'protocol' })
  })
})
