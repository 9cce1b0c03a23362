import { expect, test } from 'vitest'
import type { Session } from '../../../src/namecoin/electrum/session.ts'
import type { Server } from '../../../src/namecoin/light/server.ts'
import { judgeByWindow } from '../../../src/namecoin/light/verdict.ts'
import type { ProvenUpdate, Witness } from '../../../src/namecoin/light/witness.ts'
import { regtest } from '../chain/recording.ts'

/** What servers say of a name before there is a chain, where a server makes up heights. */

const TIP = 207
const HOUR = 3_600
const servers = ['a', 'b', 'c', 'd'].map((operator): Server => ({ operator, session: {} as Session }))
const terms = { network: regtest, tip: TIP, leastConfirmations: 12, configured: servers }

/** An update that a window proves, in a block of this time, said to be at this height. */
function proven(octet: number, height: number, time: number): ProvenUpdate {
  const txid = new Uint8Array(32).fill(octet)
  const value = Uint8Array.of(octet)
  return {
    kind: 'proven',
    update: { operation: 'update', value, height, position: 1, txid, output: 0, spends: [] },
    foundation: 'window',
    block: { height, hash: txid, time },
    evidence: { name: value, height, transaction: value, branch: [], position: 1 },
  }
}

const says = (index: number, update: ProvenUpdate): Witness => ({
  kind: 'spoke',
  server: servers[index]!,
  updates: [update],
  statement: `${update.update.height}:${update.update.value[0]}`,
  tip: TIP,
})

const OLDER = proven(1, 180, 100 * HOUR)
const NEWER = proven(2, 190, 200 * HOUR)

test.each<[string, ProvenUpdate]>([
  ['an old update that is said to be newer', proven(1, 195, 100 * HOUR)],
  ['the same update at another height', proven(2, 195, 200 * HOUR)],
  ['an older one', OLDER],
])('what two say is served beside one that proves %s', (_title, other) => {
  const heard = [says(0, other), says(1, NEWER), says(2, NEWER)]
  for (const witnesses of [heard, heard.toReversed()]) {
    expect(judgeByWindow(witnesses, terms)).toMatchObject({ kind: 'found', update: NEWER, operators: 2 })
  }
})

test.each<[string, ProvenUpdate]>([
  ['a block of later', proven(3, 195, 201 * HOUR)],
  ['a later block, by a clock that is an hour behind', proven(3, 195, 199 * HOUR)],
  ['a block of later, whatever height the two have made up', proven(3, 185, 201 * HOUR)],
])('and not beside one that proves another update in %s', (_title, other) => {
  const heard = [says(0, other), says(1, NEWER), says(2, NEWER)]
  expect(judgeByWindow(heard, terms)).toMatchObject({ kind: 'disagreement' })
})

test('of two that two say each, the newer one is served', () => {
  const heard = [says(0, OLDER), says(1, OLDER), says(2, NEWER), says(3, NEWER)]
  expect(judgeByWindow(heard, terms)).toMatchObject({ kind: 'found', update: NEWER })
})

test('two servers of one operator are one', () => {
  const twin = { ...says(1, NEWER), server: { ...servers[0]! } }
  expect(judgeByWindow([says(0, NEWER), twin, says(2, OLDER)], terms)).toMatchObject({ kind: 'disagreement' })
})
