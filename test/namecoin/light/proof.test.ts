import { describe, expect, test } from 'vitest'
import { showProof } from '../../../src/namecoin/light/proof.ts'
import type { Server } from '../../../src/namecoin/light/server.ts'
import type { NameProof } from '../../../src/namecoin/proof.ts'
import { answer, chainOf, type Outcome, recorded143 } from '../../servers/electrumx.ts'
import { blockHash, mine, nameScripthash, nameUpdate, tipOf } from '../../servers/electrumx-chain.ts'
import type { World } from '../../servers/electrumx-peer.ts'
import { sha256 } from '../chain/hashing.ts'
import { regtest } from '../chain/recording.ts'
import { never } from '../clock.ts'
import { eventually, type KeptWorld, tipOfKeeper } from './keeper-world.ts'
import { openWorld, provingWorld } from './proof-world.ts'

const chain = chainOf(recorded143)
const FULL_HEADER = (params: readonly unknown[]) => params.length === 1
const HASH = /^[0-9a-f]{64}$/

/** What a source comes to, while time passes. */
async function proven(world: KeptWorld & { source: { prove?: unknown } }, name: string): Promise<NameProof> {
  let proof: NameProof | undefined
  const prove = world.source.prove as (name: string, signal: AbortSignal) => Promise<NameProof>
  void prove(name, never).then((found) => {
    proof = found
  })
  await eventually(world, () => proof !== undefined)
  return proof!
}

/** A server that answers some calls in another way. */
const answering =
  (change: (method: string, params: readonly unknown[]) => Outcome | undefined, of = chain) =>
  (method: string, params: readonly unknown[]): Outcome =>
    change(method, params) ?? answer(of, method, params)

const refusing = (method: string) =>
  answering((asked) => (asked === method ? { error: { code: 1, message: 'no' } } : undefined))

test('a name that is there: all that proves it', async () => {
  const proof = await proven(await provingWorld(), 'd/jordia65')
  const header = chain.headers[proof.height!]!
  const [update] = chain.histories.get(nameScripthash('d/jordia65'))!.slice(-1)
  const tip = chain.headers.at(-1)!
  expect(proof).toEqual({
    key: 'd/jordia65',
    outcome: 'found',
    backend: 'electrum',
    assurance: 'proven',
    value: { hex: expect.any(String), text: expect.stringContaining('192.0.2.10') },
    txid: update!.tx_hash,
    height: update!.height,
    confirmations: 207 - update!.height + 1,
    expiresIn: update!.height + 30 - 207,
    tip: { height: 207, hash: blockHash(tip), time: Buffer.from(tip, 'hex').readUInt32LE(68) },
    transaction: chain.transactions.get(update!.tx_hash),
    branch: chain.branches.get(update!.tx_hash)!.merkle,
    position: chain.branches.get(update!.tx_hash)!.pos,
    blockHash: blockHash(header),
    header: header.slice(0, 160),
    auxPow: header,
    headerBranch: { checkpoint: 196, branch: expect.any(Array), root: expect.stringMatching(HASH) },
    scripthash: nameScripthash('d/jordia65'),
    servers: [0, 1].map((index) => ({
      address: `tcp://server${index}.test:50001`,
      operator: `operator${index}`,
      said: `update at ${update!.height}`,
    })),
  })
  expect(Buffer.from(proof.value!.hex, 'hex').toString()).toBe(proof.value!.text)
})

test('a value that is no text is shown as octets alone', async () => {
  const transaction = nameUpdate('d/octets', 'value').replace(
    Buffer.from('value').toString('hex'),
    'fffe00ff80',
  )
  const grown = mine(chain, [[{ name: 'd/octets', transaction }], ...Array(12).fill([])])
  const proof = await proven(await provingWorld([{ chain: grown }, { chain: grown }]), 'd/octets')
  expect(proof).toMatchObject({ outcome: 'found', value: { hex: 'fffe00ff80' } })
  expect(proof.value).not.toHaveProperty('text')
  // Mined without AuxPoW: the header shows its own work.
  expect(proof.header).toHaveLength(160)
  expect(proof).not.toHaveProperty('auxPow')
})

test('a name that never was: what operators say, however many headers are in', async () => {
  const proof = await proven(await provingWorld(), 'd/never-registered')
  expect(proof).toEqual({
    key: 'd/never-registered',
    outcome: 'absent',
    backend: 'electrum',
    assurance: 'attested',
    tip: expect.objectContaining({ height: 207 }),
    scripthash: nameScripthash('d/never-registered'),
    servers: [
      expect.objectContaining({ operator: 'operator0', said: 'nothing' }),
      expect.objectContaining({ operator: 'operator1', said: 'nothing' }),
    ],
  })
})

test('absent by the word of the only operator: the caveat says so', async () => {
  const proof = await proven(await provingWorld([{}]), 'd/never-registered')
  expect(proof).toMatchObject({ outcome: 'absent', caveat: 'one-operator', assurance: 'attested' })
})

test('an expired name: its last update, and no value that could be taken for one', async () => {
  const proof = await proven(await provingWorld(), 'd/expired')
  expect(proof).toMatchObject({ outcome: 'expired', assurance: 'attested', height: 145, expiresIn: -32 })
  expect(proof).toMatchObject({ transaction: expect.any(String), header: chain.headers[145]!.slice(0, 160) })
  expect(proof).not.toHaveProperty('value')
})

test('a registration that is too young', async () => {
  const transaction = nameUpdate('d/young', '{}')
  const grown = mine(chain, [[{ name: 'd/young', transaction }], [], []])
  const proof = await proven(await provingWorld([{ chain: grown }, { chain: grown }]), 'd/young')
  expect(proof).toMatchObject({ outcome: 'unconfirmed', code: 'unconfirmed', height: 208, confirmations: 3 })
  expect(proof).not.toHaveProperty('value')
})

test('an update that waits: the older value, and a caveat', async () => {
  const transaction = nameUpdate('d/jordia65', '{"ip":"192.0.2.99"}')
  const grown = mine(chain, [[{ name: 'd/jordia65', transaction }], []])
  const proof = await proven(await provingWorld([{ chain: grown }, { chain: grown }]), 'd/jordia65')
  expect(proof).toMatchObject({ outcome: 'found', caveat: 'newer-waits', tip: { height: tipOf(grown) } })
  expect(proof.value!.text).not.toContain('192.0.2.99')
  expect(proof.servers![0]!.said).toMatch(/^update at 208, update at \d+$/)
})

describe('what each server said', () => {
  test.each<[Partial<World>, RegExp]>([
    [{ lies: ['forged-branch'] }, /^lied: wrong-merkle-root$/],
    [{ lies: ['wrong-name'] }, /^lied: wrong-name$/],
    [{ lies: ['never-existed'] }, /^nothing$/],
    [{ lies: ['misshapen'] }, /^silent: protocol$/],
    [{ protocol: '1.4.2' }, /^update at \d+$/],
  ])('%j', async (wrong, said) => {
    const world = await provingWorld([{}, {}])
    Object.assign(world.servers[0]!.world, wrong)
    const proof = await proven(world, 'd/jordia65')
    expect(proof).toMatchObject({ outcome: 'found', assurance: 'proven', header: expect.any(String) })
    expect(proof.servers).toHaveLength(2)
    expect(proof.servers!.find(({ operator }) => operator === 'operator0')!.said).toMatch(said)
    expect(proof.servers!.find(({ operator }) => operator === 'operator1')!.said).toMatch(/^update at \d+$/)
  })

  test('a server that says nothing', async () => {
    const world = await provingWorld([{}, {}, {}])
    Object.assign(world.servers[0]!.world, { wire: ['silent'] })
    const proof = await proven(world, 'd/jordia65')
    expect(proof.servers!.map(({ operator, said }) => [operator, said])).toContainEqual([
      'operator0',
      'silent: timeout',
    ])
  })

  test('no server at all', async () => {
    const world = await provingWorld()
    for (const { session } of world.servers) session.close()
    const proof = await proven(world, 'd/jordia65')
    expect(proof).toMatchObject({ outcome: 'unreachable', code: 'network', servers: [] })
    expect(proof).not.toHaveProperty('assurance')
  })
})

describe('a header that a server will not show', () => {
  test('is shown by another', async () => {
    const world = await provingWorld()
    Object.assign(world.servers[0]!.world, { backend: refusing('blockchain.block.header') })
    const proof = await proven(world, 'd/jordia65')
    expect(proof.auxPow).toBe(chain.headers[proof.height!])
    expect(proof).toHaveProperty('headerBranch')
  })

  test('is left out when nobody does, and the rest is there', async () => {
    const world = await provingWorld()
    for (const { world: each } of world.servers)
      Object.assign(each, { backend: refusing('blockchain.block.header') })
    const proof = await proven(world, 'd/jordia65')
    expect(proof).toMatchObject({ outcome: 'found', branch: expect.any(Array), header: expect.any(String) })
    expect(proof).not.toHaveProperty('auxPow')
    expect(proof).not.toHaveProperty('headerBranch')
  })
})

describe('a lie about the header is not shown, and its server is banned', () => {
  const flipped = (hex: string, at: number) =>
    hex.slice(0, at) + (Number.parseInt(hex[at]!, 16) ^ 1).toString(16) + hex.slice(at + 1)
  /** Another Merkle root in the parent: the last 80 octets. The block's hash stays. */
  const forgedParent = (full: string) => flipped(full, full.length - 160 + 72)
  const forged = (change: (result: string, params: readonly unknown[]) => unknown) =>
    answering((method, params) => {
      if (method !== 'blockchain.block.header') return undefined
      const outcome = answer(chain, method, params) as { result: never }
      return { result: change(outcome.result, params) }
    })

  test.each<[string, (result: never, params: readonly unknown[]) => unknown]>([
    ['foreign-header', (full, params) => (FULL_HEADER(params) ? chain.headers[120] : full)],
    ['wrong-parent-merkle-root', (full, params) => (FULL_HEADER(params) ? forgedParent(full) : full)],
    [
      'wrong-checkpoint-root',
      (result, params) => (FULL_HEADER(params) ? result : { ...(result as object), root: '00'.repeat(32) }),
    ],
    [
      'bad-branch',
      (result, params) => (FULL_HEADER(params) ? result : { ...(result as object), branch: [] }),
    ],
  ])('%s', async (about, change) => {
    const world = await provingWorld()
    // The first that is asked is the first that spoke: let it be the liar.
    Object.assign(world.servers[0]!.world, { backend: forged(change as never) })
    const proof = await proven(world, 'd/jordia65')
    expect(proof.auxPow).toBe(chain.headers[proof.height!])
    expect(proof.headerBranch!.root).not.toBe('00'.repeat(32))
    const lies = world.events.filter(({ event }) => event === 'server-lied')
    expect(lies.map(({ fields }) => fields?.['server'])).toEqual(['tcp://server0.test:50001'])
    expect(lies[0]!.fields!['about']).toBe(about)
    expect(world.servers[0]!.session.state().kind).toBe('banned')
    expect(JSON.stringify(world.events)).not.toContain('jordia65')
  })
})

describe('another block at that height is no lie', () => {
  const lies = ({ events }: KeptWorld) => events.filter(({ event }) => event === 'server-lied')

  test('of a server that has gone over to another chain since', async () => {
    const weaker = mine(chain, Array(55).fill([]), 150, 3)
    const world = await provingWorld()
    const [{ world: server, network }] = world.servers as [(typeof world.servers)[number]]
    server.backend = (method, params) => {
      if (method === 'blockchain.block.header' && server.chain !== weaker) {
        server.chain = weaker
        network.announce()
      }
      return answer(server.chain, method, params)
    }
    const proof = await proven(world, 'd/jordia65')
    expect(server.chain).toBe(weaker)
    expect(proof.auxPow).toBe(chain.headers[proof.height!])
    expect(lies(world)).toEqual([])
    expect(world.servers[0]!.session.state().kind).toBe('ready')
  })

  test('when our own chain has been replaced since', async () => {
    const world = await provingWorld()
    const finding = await world.source.find('d/jordia65', never)
    if (!('verdict' in finding) || finding.verdict.kind !== 'found') throw new Error(JSON.stringify(finding))
    const heavier = mine(chain, Array(60).fill([]), finding.verdict.update.update.height - 1, 3)
    for (const { world: server, network } of world.servers) {
      server.chain = heavier
      network.announce()
    }
    await eventually(world, () => tipOfKeeper(world)?.height === tipOf(heavier))
    const state = world.keeper.state()
    const tools = {
      ...{ sha256, network: regtest, chain: state.kind === 'synced' ? state.chain : undefined },
      tipOf: ({ session }: Server) => world.keeper.serverTips().get(session),
      ...{ timer: world.clock.timer, onLie: ({ code }: { code: string }) => void told.push(code) },
    }
    const told: string[] = []
    const outcome = { kind: 'found', value: finding.verdict.update.update.value } as const
    expect(await showProof('d/jordia65', finding, outcome, tools, never)).not.toHaveProperty('auxPow')
    expect(told).toEqual([])
  })
})

describe('while the headers are on their way', () => {
  /** Servers that show a window's headers, and never all of them. */
  const slow = answering((method, [, count]) =>
    method === 'blockchain.block.headers' && (count as number) > 12
      ? { error: { code: -102, message: 'busy' } }
      : undefined,
  )

  test('two operators attest height and expiry', async () => {
    const world = openWorld([{ backend: slow }, { backend: slow }])
    await eventually(world, () => world.keeper.serverTips().size === 2)
    const proof = await proven(world, 'd/jordia65')
    expect(proof).toMatchObject({
      outcome: 'found',
      assurance: 'attested',
      caveat: 'attested',
      tip: { height: 207 },
      auxPow: chain.headers[proof.height!],
    })
    expect(proof.tip).toEqual({ height: 207 })
  })

  test('one operator is not enough', async () => {
    const world = openWorld([{ backend: slow }])
    await eventually(world, () => world.keeper.serverTips().size === 1)
    expect(await proven(world, 'd/jordia65')).toEqual({
      key: 'd/jordia65',
      outcome: 'unreachable',
      code: 'syncing',
      detail: expect.any(String),
      backend: 'electrum',
    })
  })
})
