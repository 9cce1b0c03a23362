import { beforeAll, describe, expect, test } from 'vitest'
import { hashToText } from '../../../src/namecoin/chain/hash.ts'
import { type GatewaySourceOptions, gatewaySource } from '../../../src/namecoin/gateways/source.ts'
import type { NameProof } from '../../../src/namecoin/proof.ts'
import { openGateway } from '../../http/gateway.ts'
import { sha256 } from '../chain/hashing.ts'
import { NOW, regtest } from '../chain/recording.ts'
import { fakeClock, never } from '../clock.ts'
import type { KeptWorld } from '../light/keeper-world.ts'
import { provingWorld } from '../light/proof-world.ts'

type Proof = Partial<NameProof>
/** What a gateway does with the honest proof of a name. */
type Behaviour = (honest: Proof, name: string) => Proof | string | 'down'

const honest: Behaviour = (proof) => proof
const down: Behaviour = () => 'down'
const says =
  (outcome: NameProof['outcome']): Behaviour =>
  ({ key }) => ({ key: key!, outcome })

let keeper: KeptWorld['keeper']
const proofs = new Map<string, Proof>()
const NAMES = ['d/jordia65', 'd/updated', 'd/never-registered', 'd/reborn']

beforeAll(async () => {
  const world = await provingWorld()
  keeper = world.keeper
  const { app } = openGateway({ source: world.source })
  for (const name of NAMES) {
    const url = `https://a.example/proof/${encodeURIComponent(name)}`
    proofs.set(name, (await (await app.fetch(new Request(url))).json()) as Proof)
  }
})

function open(behaviours: readonly Behaviour[], options: Partial<GatewaySourceOptions> = {}) {
  const clock = fakeClock()
  const asked: string[] = []
  const lines: string[] = []
  const log = (event: string, fields?: object) => void lines.push(`${event} ${JSON.stringify(fields)}`)
  const gateways = behaviours.map((_, index) => `https://${'abcdef'[index]}.example/dns-query`)
  const source = gatewaySource({
    ...{ sha256, network: regtest, gateways, agree: 1, keeper, leastConfirmations: 12, maxTipAge: undefined },
    async fetch(url) {
      const { host, pathname } = new URL(url)
      asked.push(url)
      const name = decodeURIComponent(pathname.slice('/proof/'.length))
      const behaviour = behaviours['abcdef'.indexOf(host[0]!)]!
      const answer = behaviour(structuredClone(proofs.get(name)!), name)
      if (answer === 'down') throw new TypeError('fetch failed')
      return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer))
    },
    ...{ now: clock.now, wallClock: () => NOW * 1000, timer: clock.timer },
    log: { info: log, warn: log, error: log },
    close: () => {},
    ...options,
  })
  return { source, asked, lines, lookup: (name: string) => source.lookup(name, never) }
}

const text = (value: Uint8Array) => new TextDecoder().decode(value)

describe('values that other gateways prove', () => {
  test('are the ones in the transaction, whose block is in our own chain', async () => {
    const { lookup, asked } = open([honest, honest, honest])
    const found = await lookup('d/jordia65')
    expect(found).toMatchObject({ kind: 'found', txid: proofs.get('d/jordia65')?.txid })
    expect(found.kind === 'found' && text(found.value)).toBe(proofs.get('d/jordia65')?.value?.text)
    expect(found).toMatchObject({ expiresIn: proofs.get('d/jordia65')?.expiresIn })
    expect(asked).toEqual(['a', 'b'].map((host) => `https://${host}.example/proof/d%2Fjordia65`))
  })

  test('are not what stands beside the proof', async () => {
    const { lookup } = open([
      (proof) => ({ ...proof, value: { hex: '7b7d', text: '{}' }, txid: '00'.repeat(32), expiresIn: 1 }),
    ])
    const found = await lookup('d/jordia65')
    expect(found.kind === 'found' && text(found.value)).toBe(proofs.get('d/jordia65')?.value?.text)
    expect(found).toMatchObject({ expiresIn: proofs.get('d/jordia65')?.expiresIn })
  })

  test.each<[string, Behaviour]>([
    ['another transaction', (proof) => ({ ...proof, transaction: proofs.get('d/updated')!.transaction! })],
    [
      'an octet changed',
      ({ transaction, ...rest }) => ({ ...rest, transaction: `${transaction!.slice(0, -2)}ff` }),
    ],
    ['another block', (proof) => ({ ...proof, height: proof.height! - 1 })],
    ['another branch', (proof) => ({ ...proof, branch: [...proof.branch!, 'ab'.repeat(32)] })],
    ['the proof of another name', (_, name) => ({ ...proofs.get('d/updated')!, key: name })],
  ])('are not believed with %s: the next gateway is asked, and the log says so', async (_, behaviour) => {
    const { lookup, lines } = open([behaviour, honest])
    const found = await lookup('d/jordia65')
    expect(found.kind === 'found' && text(found.value)).toBe(proofs.get('d/jordia65')?.value?.text)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('gateway-proof-refused {"gateway":"https://a.example/dns-query","about":"')
    expect(lines[0]).not.toContain('jordia')
    expect(await open([behaviour]).lookup('d/jordia65')).toMatchObject({
      kind: 'unreachable',
      code: 'protocol',
    })
  })

  test.each<[string, Behaviour]>([
    ['without a proof', ({ key, outcome, value }) => ({ key: key!, outcome: outcome!, value: value! })],
    ['of another key', () => proofs.get('d/updated')!],
    ['that is no JSON', () => '<html>'],
    ['that is null', () => 'null'],
    ['with a branch of numbers', (proof) => ({ ...proof, branch: [1, 2] as unknown as string[] })],
    ['with a height that is none', (proof) => ({ ...proof, height: -1 })],
    ['longer than any proof', () => ' '.repeat(3 * 1024 * 1024)],
  ])('an answer %s is none', async (_, behaviour) => {
    const { lookup } = open([behaviour])
    expect(await lookup('d/jordia65')).toMatchObject({ kind: 'unreachable', code: 'protocol' })
    expect(await open([behaviour, honest]).lookup('d/jordia65')).toMatchObject({ kind: 'found' })
  })

  test('one that denies a name is no match for one that proves it', async () => {
    expect(await open([says('absent'), honest]).lookup('d/jordia65')).toMatchObject({ kind: 'found' })
  })

  test('so many must have answered', async () => {
    expect(await open([honest, down], { agree: 2 }).lookup('d/jordia65')).toMatchObject({
      kind: 'unreachable',
      code: 'disagreement',
    })
    expect(await open([honest, down, honest], { agree: 2 }).lookup('d/jordia65')).toMatchObject({
      kind: 'found',
    })
  })

  test('come with what proves them; that there is nothing is only said', async () => {
    const { source } = open([honest, honest])
    const { outcome, value, txid, height, expiresIn, transaction, branch, position, blockHash } =
      proofs.get('d/jordia65')!
    expect(await source.prove?.('d/jordia65', never)).toMatchObject({
      ...{ outcome, value, txid, height, expiresIn, transaction, branch, position, blockHash },
      ...{ backend: 'doh', assurance: 'proven' },
    })
    expect(await source.prove?.('d/never-registered', never)).toMatchObject({
      outcome: 'absent',
      assurance: 'attested',
    })
    expect(await open([down]).source.prove?.('d/jordia65', never)).toMatchObject({
      outcome: 'unreachable',
      code: 'network',
    })
  })

  test('an update that is too young is not served', async () => {
    const { height, tip } = proofs.get('d/updated')!
    const confirmations = tip!.height - height! + 1
    expect(await open([honest], { leastConfirmations: confirmations }).lookup('d/updated')).toMatchObject({
      kind: 'found',
    })
    expect(await open([honest], { leastConfirmations: confirmations + 1 }).lookup('d/updated')).toMatchObject(
      {
        kind: 'unreachable',
        code: 'unconfirmed',
      },
    )
  })
})

describe('that there is nothing', () => {
  test('two gateways must say', async () => {
    expect(await open([honest, honest]).lookup('d/never-registered')).toEqual({ kind: 'absent' })
    expect(await open([honest, says('expired')]).lookup('d/never-registered')).toEqual({ kind: 'absent' })
    expect(await open([honest, down]).lookup('d/never-registered')).toMatchObject({
      kind: 'unreachable',
      code: 'disagreement',
    })
  })

  test('is the word of one, where there is only one', async () => {
    expect(await open([honest]).lookup('d/never-registered')).toEqual({
      kind: 'absent',
      caveat: 'one-operator',
      maxTtl: 30,
    })
  })

  test('of another name is nothing about this one', async () => {
    const confused: Behaviour = () => ({ key: 'd/other', outcome: 'absent' })
    expect(await open([confused, confused]).lookup('d/jordia65')).toMatchObject({ code: 'protocol' })
  })

  test('is not what a gateway says that cannot be asked, or whose backend cannot', async () => {
    expect(await open([down, down]).lookup('d/jordia65')).toMatchObject({ code: 'network' })
    expect(await open([says('unreachable'), says('invalid')]).lookup('d/jordia65')).toMatchObject({
      kind: 'unreachable',
    })
  })
})

describe('our own headers', () => {
  test('are what the tip is', () => {
    const state = keeper.state()
    if (state.kind !== 'synced') throw new Error(state.kind)
    const { hash, height, time } = state.chain.tip
    expect(open([honest]).source.tip()).toEqual({
      epoch: hashToText(hash),
      height,
      time,
      assurance: 'proven',
    })
  })

  test('must be there before anything is believed', async () => {
    const { source, lookup, asked } = open([honest], { keeper: { state: () => ({ kind: 'starting' }) } })
    expect(await lookup('d/jordia65')).toMatchObject({ kind: 'unreachable', code: 'syncing' })
    expect(await source.state(never)).toMatchObject({ kind: 'unready', code: 'syncing' })
    expect(source.tip()).toBeUndefined()
    expect(asked).toEqual([])
  })

  test('must not be too old', async () => {
    const { source, lookup } = open([honest], { maxTipAge: 1 })
    expect(await lookup('d/jordia65')).toMatchObject({ kind: 'unreachable', code: 'stale-tip' })
    expect(await source.state(never)).toMatchObject({ kind: 'unready', code: 'stale-tip' })
    expect(await open([honest]).source.state(never)).toMatchObject({ kind: 'ready' })
  })
})
