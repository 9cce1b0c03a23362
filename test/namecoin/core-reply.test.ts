import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readChainInfo, readNameShow } from '../../src/namecoin/core-reply.ts'
import { type RpcReply, readReply } from '../../src/namecoin/json-rpc.ts'
import { coreRecordings } from '../servers/core-replay.ts'

const NAME = '642f61' // d/a
const TXID = 'ab'.repeat(32)
const HASH = 'cd'.repeat(32)

const shown = {
  name: NAME,
  name_encoding: 'hex',
  value: '7b7d',
  value_encoding: 'hex',
  txid: TXID,
  height: 100,
  expires_in: 7,
  expired: false,
}
const chainInfo = { chain: 'main', blocks: 100, bestblockhash: HASH, time: 9, initialblockdownload: false }

const result = (value: unknown): RpcReply => ({ kind: 'result', result: value })
const failed = (code: number, message = ''): RpcReply => ({ kind: 'error', code, message })

describe('name_show', () => {
  test('a value with its height, expiry and transaction', () => {
    expect(readNameShow(result(shown), NAME)).toEqual({
      kind: 'found',
      value: new TextEncoder().encode('{}'),
      height: 100,
      expiresIn: 7,
      txid: TXID,
    })
  })

  test('the empty value is a value', () => {
    expect(readNameShow(result({ ...shown, value: '' }), NAME)).toMatchObject({
      kind: 'found',
      value: new Uint8Array(),
    })
  })

  test('the longest value that consensus allows is found, a longer one invalid', () => {
    expect(readNameShow(result({ ...shown, value: '20'.repeat(1023) }), NAME).kind).toBe('found')
    expect(readNameShow(result({ ...shown, value: '20'.repeat(1024) }), NAME).kind).toBe('invalid')
  })

  test.each([
    ['expired', { expired: true }],
    ['expires_in 0', { expires_in: 0 }],
    ['expires_in below 0', { expires_in: -5 }],
    ['expired, whatever its value', { expired: true, value: 'no hex' }],
  ])('%s is expired, even though the node gives the value away', (_case, fields) => {
    expect(readNameShow(result({ ...shown, ...fields }), NAME)).toEqual({ kind: 'expired' })
  })

  test.each([
    ['odd hex', { value: '7b7' }],
    ['no hex', { value: '{}' }],
    ['no text', { value: 7 }],
    ['no value, as when the encoding cannot hold it', { value: undefined, value_error: 'invalid data' }],
    ['a value that is not said to be hex', { value_encoding: 'ascii' }],
  ])('%s is invalid', (_case, fields) => {
    expect(readNameShow(result({ ...shown, ...fields }), NAME).kind).toBe('invalid')
  })

  test.each([
    ['a result that is no object', 'yes'],
    ['null', null],
    ['a list', [shown]],
    ['another name', { ...shown, name: '642f62' }],
    ['a name in another encoding', { ...shown, name_encoding: 'ascii' }],
    ['no height', { ...shown, height: undefined }],
    ['no expiry', { ...shown, expires_in: undefined }],
    ['an expiry that is no whole number', { ...shown, expires_in: 0.5 }],
    ['no txid', { ...shown, txid: 'ab' }],
  ])('%s is a broken protocol, never absence', (_case, value) => {
    expect(readNameShow(result(value), NAME)).toMatchObject({ kind: 'unreachable', code: 'protocol' })
  })

  test.each([
    ["name never existed: 'd/a'", { kind: 'absent' }],
    ["name not found: 'd/a'", { kind: 'absent' }],
    ["name expired: 'd/a'", { kind: 'expired' }],
  ])('-4 %s', (message, outcome) => {
    expect(readNameShow(failed(-4, message), NAME)).toEqual(outcome)
  })

  test.each([
    [-4, 'Wallet is currently rescanning', 'protocol'],
    [-4, '', 'protocol'],
    [-28, 'Loading block index…', 'warming-up'],
    [-10, 'Namecoin is downloading blocks...', 'syncing'],
    [-32601, 'Method not found', 'protocol'],
    [-1, "name never existed: 'd/a'", 'protocol'],
  ])('%i %s is no absence', (code, message, unreachable) => {
    expect(readNameShow(failed(code, message), NAME)).toMatchObject({
      kind: 'unreachable',
      code: unreachable,
    })
  })
})

describe('getblockchaininfo', () => {
  test('the tip', () => {
    expect(readChainInfo(result(chainInfo), 'mainnet')).toEqual({
      kind: 'tip',
      tip: { epoch: HASH, height: 100, time: 9 },
    })
  })

  test('an old node tells no time', () => {
    expect(readChainInfo(result({ ...chainInfo, time: undefined }), undefined)).toEqual({
      kind: 'tip',
      tip: { epoch: HASH, height: 100 },
    })
  })

  test('a node in its initial download does not know the newest values', () => {
    const info = { ...chainInfo, initialblockdownload: true }
    expect(readChainInfo(result(info), 'mainnet')).toMatchObject({ code: 'syncing' })
    expect(readChainInfo(result(info), undefined)).toMatchObject({ code: 'syncing' })
    expect(readChainInfo(result({ ...chainInfo, initialblockdownload: undefined }), undefined)).toMatchObject(
      {
        code: 'syncing',
      },
    )
  })

  test('on regtest a day without blocks is nothing special', () => {
    const info = { ...chainInfo, chain: 'regtest', initialblockdownload: true }
    expect(readChainInfo(result(info), 'regtest').kind).toBe('tip')
  })

  test('a node on another network is not believed, and the detail says which', () => {
    expect(readChainInfo(result({ ...chainInfo, chain: 'regtest' }), 'mainnet')).toEqual({
      kind: 'unreachable',
      code: 'protocol',
      detail: 'the node is on regtest, mainnet is wanted',
    })
    expect(readChainInfo(result({ ...chainInfo, chain: 'signet' }), 'mainnet')).toMatchObject({
      detail: 'the node is on another network, mainnet is wanted',
    })
  })

  test.each([
    ['no object', 7],
    ['no hash', { ...chainInfo, bestblockhash: 'cd' }],
    ['no height', { ...chainInfo, blocks: -1 }],
    ['no chain', { ...chainInfo, chain: undefined }],
  ])('%s is a broken protocol', (_case, value) => {
    expect(readChainInfo(result(value), undefined)).toMatchObject({ kind: 'unreachable', code: 'protocol' })
  })

  test.each([
    [-28, 'warming-up'],
    [-10, 'syncing'],
    [-32601, 'protocol'],
  ])('%i is %s', (code, unreachable) => {
    expect(readChainInfo(failed(code), undefined)).toMatchObject({ kind: 'unreachable', code: unreachable })
  })
})

describe('an HTTP response as a reply', () => {
  const ok = JSON.stringify({ jsonrpc: '2.0', result: 7, id: 1 })

  test('2.0: results and errors under 200', () => {
    expect(readReply(200, ok, 1)).toEqual({ kind: 'result', result: 7 })
    const error = JSON.stringify({ jsonrpc: '2.0', error: { code: -4, message: 'm' }, id: 1 })
    expect(readReply(200, error, 1)).toEqual({ kind: 'error', code: -4, message: 'm' })
  })

  test('1.0, as before Core 28: errors under 500 and 404, with a null for what is not there', () => {
    expect(readReply(200, JSON.stringify({ result: 7, error: null, id: 1 }), 1)).toEqual({
      kind: 'result',
      result: 7,
    })
    const error = JSON.stringify({ result: null, error: { code: -28, message: 'm' }, id: 1 })
    expect(readReply(500, error, 1)).toEqual({ kind: 'error', code: -28, message: 'm' })
    expect(readReply(404, error, 1)).toEqual({ kind: 'error', code: -28, message: 'm' })
  })

  test.each([
    [401, 'credentials'],
    [403, 'credentials'],
    [503, 'overloaded'],
    [429, 'overloaded'],
    [502, 'network'],
    [504, 'network'],
    [301, 'protocol'],
    [307, 'protocol'],
    [0, 'protocol'],
    [204, 'protocol'],
    [418, 'protocol'],
  ])('HTTP %i is %s, whatever its body says', (status, code) => {
    expect(readReply(status, ok, 1)).toMatchObject({ kind: 'unreachable', code })
  })

  test.each([
    ['another id', 200, { result: 7, id: 2 }],
    ['the id as text', 200, { result: 7, id: '1' }],
    ['no id', 200, { result: 7 }],
    ['no result', 200, { id: 1 }],
    ['a result of null', 200, { result: null, error: null, id: 1 }],
    ['both', 200, { result: 7, error: { code: -4, message: 'name never existed' }, id: 1 }],
    ['a result under 500', 500, { result: 7, id: 1 }],
    ['an error that is no object', 500, { error: 'no', id: 1 }],
    ['an error without a code', 500, { error: { message: 'name never existed' }, id: 1 }],
    ['an error whose code is text', 500, { error: { code: '-4', message: 'name never existed' }, id: 1 }],
    ['a list', 200, [{ result: 7, id: 1 }]],
    ['nothing', 200, null],
  ])('%s is a broken protocol', (_case, status, body) => {
    expect(readReply(status, JSON.stringify(body), 1)).toMatchObject({
      kind: 'unreachable',
      code: 'protocol',
    })
  })

  test.each(['', '{not json', '<html>', 'null', '"x"'])('%j is a broken protocol', (text) => {
    expect(readReply(200, text, 1)).toMatchObject({ kind: 'unreachable', code: 'protocol' })
  })

  test('a prototype in JSON is no reply', () => {
    const text = '{"__proto__": {"id": 1, "error": {"code": -4, "message": "name never existed"}}}'
    expect(readReply(200, text, 1)).toMatchObject({ kind: 'unreachable', code: 'protocol' })
  })
})

describe('whatever the node answers', () => {
  const bodies = coreRecordings.map((recording) => recording.response.body)
  const kinds = ['found', 'absent', 'expired', 'unreachable', 'invalid']

  /** Absence has to be said in so many words: code -4, the node's sentence, the id of the call. */
  function saysAbsent(text: string, id: number): boolean {
    try {
      const { error, id: answered } = JSON.parse(text)
      return answered === id && error.code === -4 && /^name (never existed|not found)/.test(error.message)
    } catch {
      return false
    }
  }

  function check(status: number, text: string, id: number): void {
    const outcome = readNameShow(readReply(status, text, id), NAME)
    expect(kinds).toContain(outcome.kind)
    if (outcome.kind === 'absent') expect(saysAbsent(text, id)).toBe(true)
    expect(['tip', 'unreachable']).toContain(readChainInfo(readReply(status, text, id), undefined).kind)
  }

  const status = fc.oneof(fc.constantFrom(200, 400, 401, 404, 500, 503), fc.nat(999))

  test('random JSON never throws and is never absence unless the code says so', () => {
    const reply = fc.record(
      {
        jsonrpc: fc.constantFrom('1.0', '2.0'),
        id: fc.oneof(fc.constant(1), fc.jsonValue()),
        result: fc.oneof(
          fc.jsonValue(),
          fc.record(anyOf(shown), { requiredKeys: [] }),
          fc.record(anyOf(chainInfo), { requiredKeys: [] }),
        ),
        error: fc.oneof(
          fc.jsonValue(),
          fc.record({
            code: fc.oneof(fc.constantFrom(-4, -10, -28, '-4'), fc.jsonValue()),
            message: fc.oneof(fc.constantFrom('name never existed', 'name expired', 'other'), fc.jsonValue()),
          }),
        ),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(
        status,
        fc.oneof(
          reply.map((value) => JSON.stringify(value)),
          fc.json(),
          fc.string(),
        ),
        (code, text) => check(code, text, 1),
      ),
      { numRuns: 500 },
    )
  })

  test('mutations of real replies never throw and are never absence unless the code says so', () => {
    const mutated = fc
      .tuple(fc.constantFrom(...bodies), fc.nat(), fc.nat(40), fc.string({ maxLength: 10 }))
      .map(([body, at, length, other]) => {
        const from = at % (body.length + 1)
        return body.slice(0, from) + other + body.slice(from + length)
      })
    fc.assert(
      fc.property(status, mutated, fc.nat(260), (code, text, id) => check(code, text, id)),
      { numRuns: 500 },
    )
  })

  /** Each field with its right value, or with anything. */
  function anyOf(record: Record<string, unknown>): Record<string, fc.Arbitrary<unknown>> {
    return Object.fromEntries(
      Object.entries(record).map(([key, value]) => [key, fc.oneof(fc.constant(value), fc.jsonValue())]),
    )
  }
})
