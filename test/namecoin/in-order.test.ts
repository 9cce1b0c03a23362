import { expect, test } from 'vitest'
import { inOrder } from '../../src/namecoin/in-order.ts'
import type { NameOutcome, NameSource, SourceState, Tip } from '../../src/namecoin/source.ts'
import { never } from './clock.ts'

const found: NameOutcome = { kind: 'found', value: new Uint8Array([1]) }
const absent: NameOutcome = { kind: 'absent' }
const expired: NameOutcome = { kind: 'expired' }
const invalid: NameOutcome = { kind: 'invalid', detail: 'no hex' }
const dead: NameOutcome = { kind: 'unreachable', code: 'network', detail: 'ECONNREFUSED' }
const slow: NameOutcome = { kind: 'unreachable', code: 'timeout', detail: 'no reply in time' }
const unready: SourceState = { kind: 'unready', code: 'network', detail: 'ECONNREFUSED' }

interface Fake extends NameSource {
  asked: number
  closed: boolean
}

function source(
  outcome: NameOutcome,
  covers: 'every-name' | 'own-names' = 'every-name',
  tip: Tip | undefined | Promise<Tip | undefined> = { epoch: 'e', height: 7, time: 9 },
  state?: SourceState,
): Fake {
  return {
    name: covers === 'every-name' ? 'chain' : 'names',
    covers,
    asked: 0,
    closed: false,
    async lookup() {
      this.asked += 1
      return outcome
    },
    tip: () => tip,
    state: async () => state ?? { kind: 'ready', tip: (await tip) ?? { epoch: 'e' } },
    close() {
      this.closed = true
    },
  }
}

const names = (outcome: NameOutcome) => source(outcome, 'own-names', { epoch: 'file' })

test.each([
  ['names of one’s own are laid over the chain', [names(found), source(absent)], found],
  ['about others they say nothing', [names(absent), source(found)], found],
  ['absent from the chain is absent', [names(absent), source(absent), source(found)], absent],
  ['absent from every overlay is absent', [names(absent), names(absent)], absent],
  ['expired is final', [source(expired), source(found)], expired],
  ['invalid is final', [source(invalid), source(found)], invalid],
  ['a source that cannot be asked is passed over', [source(dead), source(found)], found],
  ['the next chain may say absent in its stead', [source(dead), source(absent)], absent],
  [
    'no false NXDOMAIN: unreachable, then an overlay that does not hold it',
    [source(dead), names(absent)],
    dead,
  ],
  [
    'no false NXDOMAIN: an overlay that does not hold it, then unreachable',
    [names(absent), source(slow)],
    slow,
  ],
  ['when none can be asked, the first reason', [source(slow), source(dead)], slow],
] as const)('%s', async (_promise, sources, outcome) => {
  expect(await inOrder(sources).lookup('d/example', never)).toEqual(outcome)
})

test('nobody is asked after the one who knew', async () => {
  const second = source(found)
  await inOrder([source(found), second]).lookup('d/example', never)
  expect(second.asked).toBe(0)
})

test('one source needs no order', () => {
  const one = source(found)
  expect(inOrder([one])).toBe(one)
})

test('the epoch is everybody’s, the height the first chain’s', () => {
  const common = inOrder([
    names(absent),
    source(absent, 'every-name', { epoch: 'block', height: 7, time: 9 }),
  ])
  expect(common.tip()).toEqual({ epoch: 'file block', height: 7, time: 9 })
  expect(common.tip()).toBe(common.tip())
})

test('a chain that comes up later makes a new epoch', () => {
  let tip: Tip | undefined
  const chain: NameSource = { ...source(absent), tip: () => tip }
  const common = inOrder([names(absent), chain])
  expect(common.tip()).toEqual({ epoch: 'file -' })
  tip = { epoch: 'block', height: 1 }
  expect(common.tip()).toEqual({ epoch: 'file block', height: 1 })
})

test('a tip that must be waited for is waited for; no tip at all is none', async () => {
  const asking = source(absent, 'every-name', Promise.resolve({ epoch: 'block', height: 7 }))
  expect(await inOrder([names(absent), asking]).tip()).toEqual({ epoch: 'file block', height: 7 })
  const none: NameSource = { ...source(dead), tip: () => undefined }
  expect(inOrder([none, none]).tip()).toBeUndefined()
})

test('ready means that the chain can be asked, whichever source does it', async () => {
  const overlay = names(absent)
  const up = source(absent)
  const down = source(dead, 'every-name', undefined, unready)
  expect(await inOrder([overlay, down]).state(never)).toEqual(unready)
  expect(await inOrder([overlay, down, up]).state(never)).toMatchObject({ kind: 'ready', tip: { height: 7 } })
  expect(await inOrder([overlay, overlay]).state(never)).toMatchObject({ kind: 'ready' })
})

test('all are closed', () => {
  const sources = [names(absent), source(absent)]
  inOrder(sources).close()
  expect(sources.map((one) => one.closed)).toEqual([true, true])
})

test('covers what its sources cover', () => {
  expect(inOrder([names(absent), source(absent)]).covers).toBe('every-name')
  expect(inOrder([names(absent), names(absent)]).covers).toBe('own-names')
})
