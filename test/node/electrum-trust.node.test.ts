import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../src/namecoin/electrum/address.ts'
import {
  fileTrust,
  judge,
  memoryTrust,
  type ShownCertificate,
  type Trust,
  type TrustProblem,
  type TrustStore,
} from '../../src/node/electrum-trust.ts'
import { temporaryFolder } from './tools.ts'

const NOW = 1_000_000
const LATER = NOW + 1
const ONE = '11'.repeat(32)
const OTHER = '22'.repeat(32)

const selfSigned = (sha256: string, expires = LATER): ShownCertificate => ({
  sha256,
  expires,
  problem: 'DEPTH_ZERO_SELF_SIGNED_CERT',
})
const signed = (sha256: string): ShownCertificate => ({ sha256, expires: LATER, problem: undefined })
const held = (sha256: string, expires = LATER): Trust => ({ kind: 'certificate', sha256, expires })

describe('a certificate', () => {
  test('of a CA, on first use: only CAs from now on', () => {
    expect(judge(signed(ONE), undefined, undefined, NOW)).toEqual({ kind: 'remember', trust: { kind: 'ca' } })
  })

  test('of nobody, on first use: this one from now on', () => {
    expect(judge(selfSigned(ONE), undefined, undefined, NOW)).toEqual({ kind: 'remember', trust: held(ONE) })
  })

  test('a host once signed by a CA stays so: another certificate of a CA is trusted, its own is not', () => {
    expect(judge(signed(OTHER), undefined, { kind: 'ca' }, NOW)).toEqual({ kind: 'trusted' })
    expect(judge(selfSigned(ONE), undefined, { kind: 'ca' }, NOW).kind).toBe('refused')
  })

  test('the one it had is trusted, another is not, not even of a CA', () => {
    expect(judge(selfSigned(ONE), undefined, held(ONE), NOW).kind).toBe('trusted')
    expect(judge(selfSigned(OTHER), undefined, held(ONE), NOW).kind).toBe('refused')
    expect(judge(signed(OTHER), undefined, held(ONE), NOW).kind).toBe('refused')
  })

  test('when the one it had has expired, the next is held to', () => {
    expect(judge(selfSigned(OTHER, NOW + 5), undefined, held(ONE, NOW), NOW)).toEqual({
      kind: 'remember',
      trust: held(OTHER, NOW + 5),
    })
    expect(judge(signed(OTHER), undefined, held(ONE, NOW), NOW)).toMatchObject({ trust: { kind: 'ca' } })
  })

  test('expired already, and of nobody', () => {
    expect(judge(selfSigned(ONE, NOW), undefined, undefined, NOW).kind).toBe('refused')
    expect(judge(selfSigned(ONE, NOW), undefined, held(ONE, NOW), NOW).kind).toBe('refused')
  })

  test('with a pin nothing else counts: no CA, no memory, no date', () => {
    expect(judge(selfSigned(ONE, 0), ONE, { kind: 'ca' }, NOW).kind).toBe('trusted')
    expect(judge(selfSigned(ONE), ONE, held(OTHER), NOW).kind).toBe('trusted')
    expect(judge(signed(OTHER), ONE, { kind: 'ca' }, NOW).kind).toBe('refused')
    expect(judge(selfSigned(OTHER), ONE, held(OTHER), NOW).kind).toBe('refused')
  })
})

describe('the store', () => {
  const address = parseAddress('tls://host.example:50002')!
  const six = parseAddress('wss://[::1]:50004')!

  async function open(path: string, unwritable = (code: string): void => expect.unreachable(code)) {
    return (await fileTrust(path, unwritable)) as TrustStore
  }

  test('by host and port, over a restart', async () => {
    const path = join(temporaryFolder(), 'new', 'certificates.json')
    const store = await open(path)
    expect(store.get(address)).toBeUndefined()
    store.set(address, held(ONE))
    store.set(six, { kind: 'ca' })
    await store.flush()
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      'host.example:50002': held(ONE),
      '[::1]:50004': { kind: 'ca' },
    })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const again = await open(path)
    expect(again.get(address)).toEqual(held(ONE))
    expect(again.get(six)).toEqual({ kind: 'ca' })
    expect(again.get({ ...address, port: 1 })).toBeUndefined()
  })

  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['another kind', '{"a:1":{"kind":"anything"}}'],
    ['a fingerprint that is none', '{"a:1":{"kind":"certificate","sha256":"ab","expires":1}}'],
    ['no date', `{"a:1":{"kind":"certificate","sha256":"${ONE}"}}`],
  ])('a damaged file is a problem, not an empty one: %s', async (_title, text) => {
    const path = join(temporaryFolder(), 'certificates.json')
    writeFileSync(path, text)
    const problem = (await fileTrust(path, () => {})) as TrustProblem
    expect(problem).toMatchObject({ kind: 'failed', code: 'invalid' })
    expect(problem.line).toContain(path)
  })

  test('a file that cannot be read is a problem', async () => {
    expect(await fileTrust(temporaryFolder(), () => {})).toMatchObject({ kind: 'failed', code: 'EISDIR' })
  })

  test('a folder that cannot be written: remembered as long as the process lives, and told', async () => {
    const folder = join(temporaryFolder(), 'file')
    writeFileSync(folder, '')
    const codes: string[] = []
    const path = join(folder, 'certificates.json')
    const opened = await fileTrust(path, (code) => codes.push(code))
    if (opened.kind === 'failed') {
      expect(opened.code).toBe('ENOTDIR')
      return
    }
    opened.set(address, held(ONE))
    await opened.flush()
    expect(codes).toHaveLength(1)
    expect(opened.get(address)).toEqual(held(ONE))
  })

  test('a folder that goes away', async () => {
    const folder = join(temporaryFolder(), 'state')
    mkdirSync(folder)
    const path = join(folder, 'certificates.json')
    const codes: string[] = []
    const store = await open(path, (code) => codes.push(code))
    writeFileSync(`${path}.${process.pid}`, '')
    chmodSync(`${path}.${process.pid}`, 0o600)
    mkdirSync(path)
    store.set(address, { kind: 'ca' })
    await store.flush()
    expect(codes).toHaveLength(1)
    expect(store.get(address)).toEqual({ kind: 'ca' })
    expect(existsSync(path)).toBe(true)
  })

  test('in memory', async () => {
    const store = memoryTrust()
    store.set(address, held(ONE))
    await store.flush()
    expect(store.get({ ...address, transport: 'wss' })).toEqual(held(ONE))
  })
})
