import { expect, test } from 'vitest'
import { NETWORKS } from '../../../src/namecoin/chain/network.ts'
import { selectUpdate, type Update } from '../../../src/namecoin/chain/selection.ts'

const { mainnet, regtest } = NETWORKS

/** An update whose id is its height and position; it spends the update given. */
function update(height: number, changes: Partial<Update> & { spending?: Update } = {}): Update {
  const { spending, ...rest } = changes
  const position = rest.position ?? 1
  return {
    operation: spending === undefined ? 'first-update' : 'update',
    value: Uint8Array.of(height & 0xff),
    height,
    position,
    txid: new Uint8Array(32).fill(height % 251).fill(position, 0, 1),
    output: 0,
    spends: spending === undefined ? [] : [{ txid: spending.txid, output: spending.output }],
    ...rest,
  }
}

const first = update(800_000)
const second = update(810_000, { spending: first })
const third = update(810_005, { spending: second })
const select = (updates: Update[], tip: number, least?: number) => selectUpdate(mainnet, updates, tip, least)

test('no updates, or only some above the tip: absent', () => {
  expect(select([], 800_000)).toEqual({ kind: 'absent' })
  expect(select([first], 799_999)).toEqual({ kind: 'absent' })
})

test('the newest with twelve blocks, in whatever order they came', () => {
  const found = { kind: 'found', update: third, confirmations: 12, waiting: 0, expiresIn: 35_989 }
  expect(select([first, third, second], 810_016)).toEqual(found)
  expect(select([third, second, first, third], 810_016)).toEqual(found)
})

test('while newer ones are young, the one before holds', () => {
  expect(select([first, second, third], 810_015)).toMatchObject({ kind: 'found', update: second, waiting: 1 })
  expect(select([first, second, third], 810_010)).toMatchObject({ kind: 'found', update: first, waiting: 2 })
  expect(select([first, second, third], 810_010, 6)).toMatchObject({
    kind: 'found',
    update: third,
    waiting: 0,
  })
})

test('a young registration alone: not yet', () => {
  expect(select([first], 800_010)).toEqual({ kind: 'unconfirmed', update: first, confirmations: 11 })
  expect(select([first], 800_011)).toMatchObject({ kind: 'found', confirmations: 12 })
  expect(select([first], 800_000, 1)).toMatchObject({ kind: 'found', confirmations: 1 })
})

test('expired', () => {
  expect(select([first], 835_999)).toMatchObject({ kind: 'found', expiresIn: 1 })
  expect(select([first], 836_000)).toEqual({ kind: 'expired', update: first })
})

test('registered again by somebody else: never the old owner’s value', () => {
  const again = update(836_000)
  expect(select([first, again], 836_005)).toEqual({ kind: 'unconfirmed', update: again, confirmations: 6 })
  expect(select([first, again], 836_011)).toMatchObject({ kind: 'found', update: again })
  expect(select([first, again], 872_000)).toEqual({ kind: 'expired', update: again })
})

test('renewed at the last moment: the renewal holds as soon as the old one has expired', () => {
  const renewal = update(835_998, { spending: first })
  expect(select([first, renewal], 835_999)).toMatchObject({ kind: 'found', update: first, waiting: 1 })
  expect(select([first, renewal], 836_000)).toMatchObject({
    kind: 'found',
    update: renewal,
    confirmations: 3,
  })
  const foreign = update(835_998, { spending: second })
  expect(select([first, foreign], 836_000)).toMatchObject({ kind: 'unconfirmed' })
  const otherOutput = { ...renewal, spends: [{ txid: first.txid, output: 1 }] }
  expect(select([first, otherOutput], 836_000)).toMatchObject({ kind: 'unconfirmed' })
})

test('several in one block: the last of them', () => {
  const later = update(810_000, { spending: second, position: 7 })
  const even = update(810_000, { spending: later, position: 30 })
  expect(select([even, second, later], 820_000)).toMatchObject({ kind: 'found', update: even })
  expect(select([second, even, later], 820_000)).toMatchObject({ kind: 'found', update: even })
})

test('regtest expires after 30 blocks', () => {
  expect(selectUpdate(regtest, [update(145)], 174)).toMatchObject({ kind: 'found', expiresIn: 1 })
  expect(selectUpdate(regtest, [update(145)], 175).kind).toBe('expired')
})
