import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { frame, frameReader } from '../../src/upstream/frames.ts'
import { pipeline } from '../../src/upstream/pipeline.ts'
import { upstreamQuery } from '../../src/upstream/query.ts'
import { answered, likeness, withId, withRandomCase } from '../../src/upstream/question.ts'
import { failed } from '../../src/upstream/transport.ts'
import { answer, octets, query } from '../dns/messages.ts'
import { fakeClock } from '../namecoin/clock.ts'
import { ask } from './world.ts'

const message = (name: string): Uint8Array => upstreamQuery(ask(name), true)
const reply = (name: string, id = 0): Uint8Array => answer({ id, question: name })

describe('messages on a stream', () => {
  test('come out whole, however they come in chunks (property)', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 })
    fc.assert(
      fc.property(messages, fc.infiniteStream(fc.integer({ min: 1, max: 300 })), (sent, lengths) => {
        const stream = octets(...sent.map(frame))
        const received: Uint8Array[] = []
        const take = frameReader((octets) => received.push(octets))
        for (let offset = 0; offset < stream.length; ) {
          const end = offset + lengths.next().value
          take(stream.subarray(offset, end))
          offset = end
        }
        expect(received).toEqual(sent)
      }),
    )
  })
  test('of the greatest length come out of chunks of one octet', () => {
    const received: Uint8Array[] = []
    const take = frameReader((octets) => received.push(octets))
    const longest = new Uint8Array(65_535).fill(7)
    for (const octet of frame(longest)) take(Uint8Array.of(octet))
    expect(received).toEqual([longest])
  })
})

describe('a message that may be the answer', () => {
  const sent = withId(message('example.com'), 0x1234)
  test.each([
    ['answer', reply('example.com', 0x1234)],
    ['case', reply('eXample.com', 0x1234)],
    ['other', reply('example.com', 0x1235)],
    ['other', reply('example.net', 0x1234)],
    ['other', answer({ id: 0x1234, question: 'example.com', type: 28 })],
    ['other', query({ id: 0x1234, question: 'example.com' })],
    ['other', reply('example.com', 0x1234).subarray(0, 20)],
    ['other', new Uint8Array()],
  ])('is told by id and question, RFC 5452 §9.1: %s', (like, received) => {
    expect(likeness(sent, received)).toBe(like)
  })
  test('0x20: a question whose letters are mixed is the same question, and answered in the case it was asked in', () => {
    let toss = 0
    const mixed = withRandomCase(sent, () => toss++ % 2)
    expect(likeness(sent, octets(mixed.subarray(0, 2), 0x81, mixed.subarray(3)))).toBe('case')
    expect([...mixed.subarray(12, 25)]).toEqual([...octets(7, 'eXaMpLe', 3, 'CoM', 0)])
    expect(mixed.subarray(25)).toEqual(sent.subarray(25))
    expect([...answered(message('example.com'), reply('eXaMpLe.CoM', 0x1234)).subarray(0, 25)]).toEqual([
      ...reply('example.com').subarray(0, 25),
    ])
  })
})

/** A signal that never aborts; each query its own, as each adds a listener. */
const never = (): AbortSignal => new AbortController().signal

/** A pipeline whose stream is looked at, and whose ids are 0, 1, 2. */
function opened(ids: readonly number[] = []) {
  let drawn = 0
  const clock = fakeClock()
  const written: Uint8Array[] = []
  let closes = 0
  const stream = { write: (frame: Uint8Array) => written.push(frame.slice(2)), close: () => closes++ }
  const made = pipeline(stream, () => ids[drawn++] ?? drawn - 1, clock.now, clock.timer)
  return {
    made,
    written,
    closes: () => closes,
    pass: clock.advance,
    pending: clock.pending,
    idOf: (index: number) => (written[index]![0]! << 8) | written[index]![1]!,
  }
}

describe('queries on one connection', () => {
  test('are answered in any order, each with its own answer, id 0 again', async () => {
    const { made, written, idOf } = opened()
    const names = ['a.test', 'b.test', 'c.test']
    const asked = names.map((name) => made.ask(message(name), never()))
    expect(written).toHaveLength(3)
    for (const index of [2, 0, 1]) made.received(frame(reply(names[index]!, idOf(index))))
    expect(await Promise.all(asked)).toEqual(names.map((name) => ({ kind: 'reply', message: reply(name) })))
  })

  test('have different ids, whatever chance says, those given up included', () => {
    const { made, idOf } = opened([5, 5, 6, 5, 6, 7])
    const givenUp = new AbortController()
    void made.ask(message('a.test'), givenUp.signal)
    void made.ask(message('b.test'), never())
    givenUp.abort()
    void made.ask(message('c.test'), never())
    expect([idOf(0), idOf(1), idOf(2)]).toEqual([5, 6, 7])
  })

  test('are not answered by a message with another id or question', async () => {
    const { made, idOf } = opened()
    const asked = made.ask(message('a.test'), never())
    made.received(frame(reply('a.test', idOf(0) + 1)))
    made.received(frame(answer({ id: idOf(0), question: 'b.test', flags: 0x8183 })))
    made.received(frame(new Uint8Array()))
    made.received(frame(reply('a.test', idOf(0))))
    expect(await asked).toEqual({ kind: 'reply', message: reply('a.test') })
  })

  test('whose connection ends are unanswered, all of them, so that they can be asked again', async () => {
    const { made, closes } = opened()
    const why = failed('network', 'ECONNRESET')
    const asked = Array.from({ length: 50 }, (_, index) => made.ask(message(`n${index}.test`), never()))
    made.ended(why)
    for (const outcome of await Promise.all(asked)) expect(outcome).toEqual({ kind: 'unanswered', why })
    expect([made.isOpen(), closes()]).toEqual([false, 1])
    expect(await made.ask(message('late.test'), never())).toMatchObject({ kind: 'unanswered' })
  })

  test('given up are a failure at once; their late answer is nobody’s, and no offence', async () => {
    const { made, idOf } = opened()
    const controllers = Array.from({ length: 200 }, () => new AbortController())
    const asked = controllers.map(({ signal }, index) => made.ask(message(`n${index}.test`), signal))
    for (const controller of controllers) controller.abort()
    for (const outcome of await Promise.all(asked))
      expect(outcome).toMatchObject({ kind: 'failed', code: 'timeout' })
    for (const index of controllers.keys()) made.received(frame(reply(`n${index}.test`, idOf(index))))
    expect(made.isOpen()).toBe(true)
    expect(await made.ask(message('a.test'), AbortSignal.abort())).toMatchObject({ kind: 'failed' })
  })

  test('a server that only sends what answers nothing is left', async () => {
    const { made, closes } = opened()
    const asked = made.ask(message('a.test'), never())
    for (let count = 0; count < 101; count++) made.received(frame(reply('other.test', 40_000)))
    expect(await asked).toMatchObject({ kind: 'unanswered', why: { code: 'protocol' } })
    expect(closes()).toBe(1)
  })

  test('go elsewhere once the server is silent to the next one, too; those under way may still be answered', async () => {
    const { made, idOf, pass, closes } = opened()
    const asked = made.ask(message('a.test'), never())
    pass(700)
    expect(made.isOpen()).toBe(true)
    const next = made.ask(message('b.test'), never())
    pass(299)
    expect(made.isOpen()).toBe(true)
    pass(1)
    expect(await next).toMatchObject({ kind: 'unanswered', why: { code: 'timeout' } })
    expect([made.isOpen(), closes()]).toEqual([false, 0])
    made.received(frame(reply('a.test', idOf(0))))
    expect(await asked).toMatchObject({ kind: 'reply' })
    expect(closes()).toBe(1)
  })

  test('stay on a connection whose server is slow with one name and answers the next', async () => {
    const { made, idOf, pass, pending } = opened()
    const slow = made.ask(message('slow.test'), never())
    pass(700)
    expect(made.isOpen()).toBe(true)
    const next = made.ask(message('b.test'), never())
    made.received(frame(reply('b.test', idOf(1))))
    expect(await next).toMatchObject({ kind: 'reply' })
    expect(pending()).toBe(0)
    pass(10_000)
    expect(made.isOpen()).toBe(true)
    made.received(frame(reply('slow.test', idOf(0))))
    expect(await slow).toMatchObject({ kind: 'reply' })
  })

  test('any octet at all is a sign of life, and who is slow then may be', async () => {
    const { made, idOf, pass } = opened()
    void made.ask(message('slow.test'), never())
    pass(700)
    const next = made.ask(message('b.test'), never())
    made.received(frame(reply('slow.test', idOf(0))))
    pass(10_000)
    expect(made.isOpen()).toBe(true)
    made.received(frame(reply('b.test', idOf(1))))
    expect(await next).toMatchObject({ kind: 'reply' })
  })

  test('a server that answers one of them is not silent, nor is one that was asked nothing', async () => {
    const { made, idOf, pass } = opened()
    const asked = made.ask(message('a.test'), never())
    void made.ask(message('slow.test'), never())
    made.received(frame(reply('a.test', idOf(0))))
    await asked
    pass(10_000)
    expect([made.isOpen(), made.isIdle()]).toEqual([true, false])
  })

  test('that nobody waits for any more are a sign of silence, too', () => {
    const { made, pass, closes } = opened()
    const givenUp = new AbortController()
    void made.ask(message('a.test'), givenUp.signal)
    pass(50)
    givenUp.abort()
    pass(650)
    const left = new AbortController()
    void made.ask(message('b.test'), left.signal)
    left.abort()
    pass(300)
    expect([made.isOpen(), closes()]).toEqual([false, 1])
  })

  test('any octets at all never throw (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 20 }), (chunks) => {
        const { made } = opened()
        void made.ask(message('a.test'), never())
        for (const chunk of chunks) made.received(chunk)
      }),
    )
  })
})
