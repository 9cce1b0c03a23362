import { describe, expect, test } from 'vitest'
import type { Log } from '../../../src/log.ts'
import { parseAddress } from '../../../src/namecoin/electrum/address.ts'
import { type Budget, MAX_COST } from '../../../src/namecoin/electrum/budget.ts'
import { type FailureCode, failed } from '../../../src/namecoin/electrum/failure.ts'
import type { Session, SessionState } from '../../../src/namecoin/electrum/session.ts'
import {
  type HearingOptions,
  holdHearing,
  LONG_PATIENCE_MS,
  PATIENCE_MS,
  rememberManners,
} from '../../../src/namecoin/light/hearing.ts'
import type { Server } from '../../../src/namecoin/light/server.ts'
import type { Witness } from '../../../src/namecoin/light/witness.ts'
import { fakeClock, never, settled } from '../clock.ts'

const IDLE: SessionState = { kind: 'idle' }

/** A server of which nothing matters but who runs it and how it is. */
const serverOf = (operator: string, state: SessionState = IDLE, left = MAX_COST): Server => {
  const address = parseAddress(`tcp://${operator}.test:50001`)!
  const budget = { left: () => left } as Budget
  return { operator, session: { address, state: () => state, budget } as Session }
}

/** A hearing whose witnesses speak when they are told to. */
function hearing(servers: readonly Server[], clock = fakeClock(), manners = rememberManners(clock.now)) {
  const asked: Server[] = []
  const aborted: Server[] = []
  const lies: string[] = []
  const replies = new Map<Server, { speak(witness: Witness): void; fail(error: unknown): void }>()
  const logged: unknown[] = []
  const record: Log['error'] = (event, fields) => void logged.push({ event, ...fields })
  const log: Log = { info: record, warn: record, error: record }
  const options: HearingOptions = {
    ...{ servers, manners, log, timer: clock.timer, onLie: ({ code }) => void lies.push(code) },
    hear: (server, signal) => {
      asked.push(server)
      signal.addEventListener('abort', () => aborted.push(server))
      return new Promise((speak, fail) => replies.set(server, { speak, fail }))
    },
  }
  const answer = async (witness: Witness): Promise<void> => {
    replies.get(witness.server)!.speak(witness)
    await settled()
  }
  const began = (more: Partial<HearingOptions> = {}, signal = new AbortController().signal) => {
    const state: { heard?: readonly Witness[] } = {}
    void holdHearing({ ...options, ...more }, signal).then((heard) => Object.assign(state, { heard }))
    return state
  }
  return {
    ...{ clock, manners, asked, aborted, lies, logged, options, began },
    speak: (server: Server) => answer({ kind: 'spoke', server, updates: [], statement: '', tip: 1 }),
    lie: (server: Server) => answer({ kind: 'lied', server, code: 'wrong-name', detail: '' }),
    fail: (server: Server, code: FailureCode = 'network') =>
      answer({ kind: 'silent', server, failure: failed(code, 'cut') }),
    async throwIn(server: Server, error: unknown) {
      replies.get(server)!.fail(error)
      await settled()
    },
    async pass(milliseconds: number) {
      clock.advance(milliseconds)
      await settled()
    },
  }
}

const speakers = (heard: readonly Witness[] | undefined) => heard?.map(({ server }) => server.operator)

describe('who is asked', () => {
  test('three, of as many operators as there are', () => {
    const servers = ['a', 'a', 'a', 'b', 'c'].map((operator) => serverOf(operator))
    const { began, asked } = hearing(servers)
    began()
    expect(asked.map(({ operator }) => operator)).toEqual(['a', 'b', 'c'])
  })

  test('nobody who lied or is closed, and last who cannot be reached', () => {
    const servers = [
      serverOf('banned', { kind: 'banned', reason: '' }),
      serverOf('closed', { kind: 'closed' }),
      serverOf('away', { kind: 'waiting', code: 'network', detail: '', retryInMs: 1 }),
      serverOf('there'),
    ]
    const { began, asked } = hearing(servers)
    began()
    expect(asked.map(({ operator }) => operator)).toEqual(['there', 'away'])
  })

  test.each(['lie', 'fail'] as const)('another one in place of one that does: %s', async (how) => {
    const servers = ['a', 'b', 'c', 'd'].map((operator) => serverOf(operator))
    const world = hearing(servers)
    const outcome = world.began()
    expect(world.asked).toHaveLength(3)
    await world[how](servers[0]!)
    expect(world.asked).toEqual(servers)
    for (const server of servers.slice(1)) await world.speak(server)
    expect(speakers(outcome.heard)).toEqual(['a', 'b', 'c', 'd'])
    expect(world.lies).toEqual(how === 'lie' ? ['wrong-name'] : [])
  })

  test('those with something left for us first', () => {
    const [poor, rich, alsoRich, slow] = [
      serverOf('a', IDLE, 999),
      serverOf('b'),
      serverOf('c'),
      serverOf('d'),
    ]
    const clock = fakeClock()
    const manners = rememberManners(clock.now)
    manners.wasSlow(slow)
    const { began, asked } = hearing([poor, slow, rich, alsoRich], clock, manners)
    began()
    expect(asked).toEqual([rich, alsoRich]) // Not a third that has little left: it is there when one is silent.
  })

  test('a third that has little left only in place of one that is silent', async () => {
    const servers = [serverOf('a'), serverOf('b'), serverOf('c', IDLE, 0)]
    const world = hearing(servers)
    world.began()
    expect(world.asked).toEqual(servers.slice(0, 2))
    await world.fail(servers[0]!)
    expect(world.asked).toEqual(servers)
  })

  test('no servers: nothing is heard, at once', async () => {
    const outcome = hearing([]).began()
    await settled()
    expect(outcome.heard).toEqual([])
  })
})

describe('how long one listens', () => {
  test('until all have answered, if they are quick', async () => {
    const servers = ['a', 'b', 'c'].map((operator) => serverOf(operator))
    const world = hearing(servers)
    const outcome = world.began()
    await world.speak(servers[0]!)
    await world.speak(servers[1]!)
    expect(outcome.heard).toBeUndefined()
    await world.speak(servers[2]!)
    expect(speakers(outcome.heard)).toEqual(['a', 'b', 'c'])
    expect(world.clock.pending()).toBe(0)
  })

  test('some patience once two operators have spoken', async () => {
    const servers = ['a', 'b', 'c'].map((operator) => serverOf(operator))
    const world = hearing(servers)
    const outcome = world.began()
    await world.speak(servers[0]!)
    await world.speak(servers[1]!)
    await world.pass(PATIENCE_MS - 1)
    expect(outcome.heard).toBeUndefined()
    await world.pass(1)
    expect(speakers(outcome.heard)).toEqual(['a', 'b'])
    expect(world.aborted).toContain(servers[2])
    expect(world.clock.pending()).toBe(0)
  })

  describe('while what was heard does not decide', () => {
    const servers = ['a', 'b', 'c', 'd'].map((operator) => serverOf(operator))
    const isDecided = (heard: readonly Witness[]) => heard.length > 2

    test('longer than some patience, for the next one to speak', async () => {
      const world = hearing(servers)
      const outcome = world.began({ isDecided })
      await world.speak(servers[0]!)
      await world.speak(servers[1]!)
      await world.pass(PATIENCE_MS)
      expect(outcome.heard).toBeUndefined()
      await world.speak(servers[2]!)
      expect(speakers(outcome.heard)).toEqual(['a', 'b', 'c'])
    })

    test('but not until the client has gone', async () => {
      const world = hearing(servers)
      const outcome = world.began({ isDecided })
      await world.speak(servers[0]!)
      await world.speak(servers[1]!)
      await world.pass(LONG_PATIENCE_MS)
      expect(speakers(outcome.heard)).toEqual(['a', 'b'])
    })

    test('one more is asked when all have answered', async () => {
      const poor = [...servers.slice(0, 2), serverOf('c', IDLE, 0)]
      const world = hearing(poor)
      const outcome = world.began({ isDecided })
      await world.speak(poor[0]!)
      await world.speak(poor[1]!)
      expect(world.asked).toEqual(poor)
      await world.speak(poor[2]!)
      expect(speakers(outcome.heard)).toEqual(['a', 'b', 'c'])
    })
  })

  test('two servers of one operator are one witness', async () => {
    const servers = ['a', 'a', 'b'].map((operator) => serverOf(operator))
    const world = hearing(servers)
    const outcome = world.began()
    await world.speak(servers[0]!)
    await world.speak(servers[1]!)
    await world.pass(PATIENCE_MS)
    expect(outcome.heard).toBeUndefined()
  })

  test('longer for a second operator, but not until the client has gone', async () => {
    const [quick, mute] = [serverOf('a'), serverOf('b')]
    const world = hearing([quick, mute])
    const outcome = world.began()
    await world.speak(quick)
    await world.pass(LONG_PATIENCE_MS - 1)
    expect(outcome.heard).toBeUndefined()
    await world.pass(1)
    expect(speakers(outcome.heard)).toEqual(['a'])
  })

  test('to whoever speaks first, once it is late', async () => {
    const [late, mute] = [serverOf('a'), serverOf('b')]
    const world = hearing([late, mute])
    const outcome = world.began()
    await world.pass(LONG_PATIENCE_MS + 500)
    expect(outcome.heard).toBeUndefined()
    await world.speak(late)
    expect(speakers(outcome.heard)).toEqual(['a'])
  })

  test('no longer than the signal: what was heard until then', async () => {
    const servers = ['a', 'b'].map((operator) => serverOf(operator))
    const world = hearing(servers)
    const controller = new AbortController()
    const outcome = world.began({}, controller.signal)
    await world.speak(servers[0]!)
    controller.abort()
    await settled()
    expect(speakers(outcome.heard)).toEqual(['a'])
    expect(world.aborted).toContain(servers[1])
    expect(world.clock.pending()).toBe(0)
  })

  test('not at all when the signal has aborted', async () => {
    const world = hearing([serverOf('a')])
    const outcome = world.began({}, AbortSignal.abort())
    await settled()
    expect(outcome.heard).toEqual([])
    expect(world.asked).toEqual([])
  })
})

describe('a mistake of ours', () => {
  const servers = ['a', 'b', 'c', 'd'].map((operator) => serverOf(operator))
  const NAME = 'd/secret'

  test('while one is heard: it has not answered, another is asked, and the log says nothing of the name', async () => {
    const world = hearing(servers)
    const outcome = world.began()
    await world.throwIn(servers[0]!, new TypeError(`no proof of ${NAME}`))
    expect(world.asked).toEqual(servers)
    for (const server of servers.slice(1)) await world.speak(server)
    expect(outcome.heard?.map(({ kind }) => kind)).toEqual(['silent', 'spoke', 'spoke', 'spoke'])
    expect(world.logged).toEqual([
      {
        event: 'hearing-failed',
        server: 'a.test:50001',
        error: expect.stringMatching(/^TypeError at .*hearing\.test/),
      },
    ])
    expect(JSON.stringify(world.logged)).not.toContain(NAME)
  })

  test.each([
    [
      'at once',
      {
        hear: () => {
          throw new RangeError(NAME)
        },
      },
    ],
    ['with what is no error', { hear: () => Promise.reject(NAME) }],
    [
      'about a lie',
      {
        onLie: () => {
          throw new Error(NAME)
        },
      },
    ],
  ])('%s: the hearing ends', async (_title, mistake) => {
    const world = hearing(servers)
    const heard = holdHearing({ ...world.options, ...mistake }, never)
    await settled()
    if ('onLie' in mistake) for (const server of servers) await world.lie(server)
    expect((await heard).map(({ kind }) => kind)).toEqual(Array(4).fill('silent'))
    expect(world.logged).toHaveLength(4)
    expect(JSON.stringify(world.logged)).not.toContain(NAME)
    expect(world.clock.pending()).toBe(0)
  })
})

describe('who was slow', () => {
  const [quick, other, slow] = [serverOf('a'), serverOf('b'), serverOf('c')]

  /** A hearing in which the third was not waited for. */
  async function afterOne() {
    const first = hearing([quick, other, slow])
    first.began()
    await first.speak(quick)
    await first.speak(other)
    await first.pass(PATIENCE_MS)
    return first
  }

  test('is asked again, but not waited for', async () => {
    const { clock, manners } = await afterOne()
    const next = hearing([slow, quick, other], clock, manners)
    const outcome = next.began()
    expect(next.asked).toEqual([quick, other, slow])
    await next.speak(quick)
    await next.speak(other)
    expect(speakers(outcome.heard)).toEqual(['a', 'b'])
  })

  test('is waited for a little where a second operator is needed', async () => {
    const { clock, manners } = await afterOne()
    const next = hearing([quick, slow], clock, manners)
    const outcome = next.began()
    await next.speak(quick)
    expect(outcome.heard).toBeUndefined()
    await next.pass(PATIENCE_MS)
    expect(speakers(outcome.heard)).toEqual(['a'])
  })

  test.each([
    ['too-long', false],
    ['ambiguous', false],
    ['budget', false],
    ['busy', false],
    ['timeout', true],
    ['network', true],
  ] as const)('is not who is silent for our sake: %s', async (code, isSlow) => {
    const world = hearing([quick, other, slow])
    world.began()
    await world.fail(quick, code)
    expect(world.manners.isSlow(quick)).toBe(isSlow)
  })

  test('is forgiven once it is quick, or after a while', async () => {
    const { clock, manners } = await afterOne()
    expect(manners.isSlow(slow)).toBe(true)
    const next = hearing([slow, quick], clock, manners)
    next.began()
    await next.speak(slow)
    expect(manners.isSlow(slow)).toBe(false)
    manners.wasSlow(slow)
    clock.advance(30_000)
    expect(manners.isSlow(slow)).toBe(false)
  })
})
