import { describe, expect, test } from 'vitest'
import type { Sha256 } from '../../../src/namecoin/chain/hash.ts'
import { indexScript } from '../../../src/namecoin/chain/name-script.ts'
import { bundledCheckpoint } from '../../../src/namecoin/light/bundled-checkpoint.ts'
import { PATIENCE_MS } from '../../../src/namecoin/light/hearing.ts'
import { answer } from '../../servers/electrumx.ts'
import {
  display,
  merkleBranch,
  mine,
  nameScripthash,
  nameUpdate,
  sha256d,
  valueProof,
} from '../../servers/electrumx-chain.ts'
import { addressesOf } from './addresses.ts'
import { grown, recorded } from './keeper-world.ts'
import { type LightWorld, liesOf, type ServerPlan, sha256, syncedWorld, syncingWorld } from './light-world.ts'

/** What honest servers send, too, and what is therefore no reason to ban one. */

const UPDATED = ['192.0.2.107', '192.0.2.108']
const HONEST: ServerPlan = {}
const PROOF = 'blockchain.name.get_value_proof'

interface Entry {
  readonly height: number
  readonly tx: string
  readonly tx_merkle: { readonly merkle: readonly string[]; readonly pos: number }
}

/** An honest server, but for the newest update of a name. */
const sending = (name: string, change: (entry: Entry) => object): ServerPlan => ({
  backend: (method, params) => {
    const key = nameScripthash(name)
    if (method !== PROOF || params[0] !== key) return answer(recorded, method, params)
    const [entry, ...rest] = valueProof(recorded, key, params[1] as number)[key] as Entry[]
    return { result: { [key]: [{ ...entry, ...change(entry!) }, ...rest] } }
  },
})

const raw = (transaction: string): Buffer => sha256d(Buffer.from(transaction, 'hex'))

/** One input, one output, and 64 octets: as long as an inner node of the tree. */
const LIKE_A_NODE = [
  '00710000',
  ...['01', '11'.repeat(36), '00', 'ffffffff'],
  ...['01', '00'.repeat(8), '04', '6a'.repeat(4)],
  '00000000',
].join('')

/** The other half of a node of which the first is a transaction's id: together they read as a transaction. */
const COMPLETION = [
  '22'.repeat(9),
  '00',
  'ffffffff',
  '01',
  '00'.repeat(8),
  '04',
  '6a'.repeat(4),
  '00'.repeat(4),
]
const SIBLING = display(Buffer.from(COMPLETION.join(''), 'hex'))

/** Anybody can grind this: its id stands for a version and the number of inputs, which is one. */
function ground(name: string): string {
  for (let salt = 0; ; salt++) {
    const transaction = nameUpdate(name, '{}', salt)
    if (raw(transaction)[4] === 1) return transaction
  }
}

const AMBIGUOUS: readonly (readonly [string, (entry: Entry) => object])[] = [
  ['a transaction like an inner node', () => ({ tx: LIKE_A_NODE })],
  [
    'an inner node like a transaction',
    ({ tx_merkle: { merkle } }) => ({
      tx: ground('d/updated'),
      tx_merkle: { merkle: [SIBLING, ...merkle.slice(1)], pos: 0 },
    }),
  ],
  [
    'a hash repeated at the end of an odd level',
    ({ tx, tx_merkle: { merkle } }) => ({
      tx_merkle: { merkle: [display(raw(tx)), ...merkle.slice(1)], pos: 1 },
    }),
  ],
]

/** That a server's proof was heard, not believed, and not held against it. */
function expectNoLie({ servers, ...world }: LightWorld, index: number): void {
  expect(servers[index]!.world.received.map(({ method }) => method)).toContain(PROOF)
  expect(servers[index]!.session.state().kind).toBe('ready')
  expect(liesOf({ servers, ...world })).toEqual([])
}

describe.each(AMBIGUOUS)('%s', (_title, change) => {
  const odd = sending('d/updated', change)

  test('is refused by a chain, and no lie', async () => {
    const alone = await syncedWorld([odd])
    expect((await alone.ask('updated.bit')).rcode).toBe('SERVFAIL')
    expectNoLie(alone, 0)
    const world = await syncedWorld([odd, HONEST])
    expect(addressesOf(await world.ask('updated.bit'))).toEqual(UPDATED)
    expectNoLie(world, 0)
  })

  test('is no reason to wait for the server no longer', async () => {
    const world = await syncedWorld([odd, HONEST])
    const finding = await world.source.find('d/updated', new AbortController().signal)
    const witnesses = 'witnesses' in finding ? finding.witnesses : []
    expect(witnesses.find(({ kind }) => kind === 'silent')).toMatchObject({ failure: { code: 'ambiguous' } })
    // It alone knows: it is listened to as long as any other.
    world.servers[1]!.world.lies = ['withheld-update']
    world.servers[0]!.delayMs = PATIENCE_MS + 500
    expect(addressesOf(await world.ask('reborn.bit'))).toEqual(['192.0.2.113'])
  })

  test('is refused by a window, and no lie', async () => {
    const world = await syncingWorld([odd, HONEST, HONEST])
    expect(addressesOf(await world.ask('updated.bit'))).toEqual(UPDATED)
    expectNoLie(world, 0)
  })
})

test('the ground proof is one but for its ambiguity: another sibling, and it is a lie', async () => {
  const { branch } = merkleBranch([display(raw(ground('d/updated'))), 'ab'.repeat(32)], 0)
  const liar = sending('d/updated', () => ({
    tx: ground('d/updated'),
    tx_merkle: { merkle: branch, pos: 0 },
  }))
  const world = await syncedWorld([liar])
  await world.ask('updated.bit')
  expect(liesOf(world)).toEqual(['wrong-merkle-root'])
})

test('a window of less work than expected: the difficulty may have fallen, so no lie', async () => {
  const checkpoint = { ...bundledCheckpoint('regtest'), bits: 0x1d00_ffff }
  const world = await syncingWorld([HONEST, HONEST], { checkpoint })
  expect((await world.ask('updated.bit')).rcode).toBe('SERVFAIL')
  for (const index of [0, 1]) expectNoLie(world, index)
  expect(world.servers[0]!.world.received.at(-1)?.method).toBe('blockchain.block.headers')
})

describe('two names that servers cannot tell apart', () => {
  const [ours, theirs] = ['d/updated', 'd/other'].map((name) => indexScript(Buffer.from(name)))
  /** Takes 2^44 hashes in truth: servers go by the first eleven octets. */
  const collidingBy =
    (octets: number): Sha256 =>
    (input) => {
      const hash = sha256(input)
      if (Buffer.compare(input, theirs!) === 0) hash.set(sha256(ours!).subarray(0, octets))
      return hash
    }
  const colliding = collidingBy(11)

  /** The other name's update stands in our history: it was mined under our scripthash. */
  const mixed = (blocks: number, transaction = nameUpdate('d/other', '{}')) =>
    mine(recorded, [[{ name: 'd/updated', transaction }], ...Array(blocks - 1).fill([])])

  const lookup = (world: LightWorld) => world.source.lookup('d/updated', new AbortController().signal)

  describe.each(['1.4.3', '1.4.2'])('at protocol %s', (protocol) => {
    test.each([
      ['a chain', syncedWorld],
      ['a window', syncingWorld],
    ])('the update of the other one, held against %s: no lie, and no absence', async (_ground, open) => {
      const plan = { chain: mixed(12), protocol }
      const world = await open([plan, plan], { sha256: colliding })
      expect(await lookup(world)).toMatchObject({ kind: 'unreachable', code: 'unconfirmed' })
      expect(liesOf(world)).toEqual([])
      for (const { session } of world.servers) expect(session.state().kind).toBe('ready')
    })

    test('a young one above ours: ours is served', async () => {
      const plan = { chain: mixed(11), protocol }
      const world = await syncedWorld([plan, plan], { sha256: colliding })
      expect(addressesOf(await world.ask('updated.bit'))).toEqual(UPDATED)
      expect(liesOf(world)).toEqual([])
    })
  })

  const noName = '6a'.repeat(4)
  const twice = nameUpdate('d/other', '{}', 0, 4).replace(
    `04${noName}`,
    // Another output that updates the other name: consensus allows one, so no honest server has it.
    (() => {
      const script = Buffer.concat([theirs!.subarray(0, -4), Buffer.from('006d75', 'hex')]).toString('hex')
      return `${(script.length / 2).toString(16).padStart(2, '0')}${script}`
    })(),
  )

  test.each<[string, ServerPlan, Sha256]>([
    ['that agree in ten octets', { chain: mixed(12) }, collidingBy(10)],
    ['that do not collide', { chain: mixed(12) }, sha256],
    ['of which one transaction updates two', { chain: mixed(12, twice) }, colliding],
  ])('and names %s: a lie', async (_title, plan, hash) => {
    const world = await syncedWorld([plan], { sha256: hash })
    await lookup(world)
    expect(liesOf(world)).toEqual(['wrong-name'])
  })

  test('and one that is in no block: a lie', async () => {
    const world = await syncedWorld([{ chain: mixed(12), lies: ['forged-branch'] }], { sha256: colliding })
    await lookup(world)
    expect(liesOf(world)).toEqual(['wrong-merkle-root'])
  })
})

describe('a server that is behind', () => {
  const ahead = { chain: grown(3) }
  const behind = (blocks: number): ServerPlan => ({ chain: grown(3 - blocks) })

  test.each(['nope.bit', 'expired.bit'])(
    'by more than two blocks is no witness of absence: %s',
    async (name) => {
      const world = await syncedWorld([ahead, behind(3)])
      expect((await world.ask(name)).rcode).toBe('SERVFAIL')
      expectNoLie(world, 1)
    },
  )

  test.each(['nope.bit', 'expired.bit'])('by two is: %s', async (name) => {
    expect((await (await syncedWorld([ahead, behind(2)])).ask(name)).rcode).toBe('NXDOMAIN')
  })

  test("what it proves counts, all the same; that there is nothing newer is the other one's word", async () => {
    const world = await syncedWorld([{ ...ahead, lies: ['withheld-update'] }, behind(3)])
    const read = await world.ask('updated.bit')
    expect(addressesOf(read)).toEqual(UPDATED)
    expect(read.errors[0]?.text).toContain('the word of one operator')
  })
})
