import { describe, expect, test } from 'vitest'
import { address, failing, scripted } from './scripted.ts'

/** Seconds after the first failure at which the question was asked again, when a client asks every second. */
async function attempts(code: Parameters<typeof failing>[0], seconds: number): Promise<number[]> {
  const { ask, say, after, asked } = scripted()
  say(failing(code))
  const times: number[] = []
  for (let second = 0; second < seconds; second++) {
    const before = asked.length
    expect((await ask('www.example')).rcode).toBe('SERVFAIL')
    if (asked.length > before) times.push(second)
    after(1)
  }
  return times
}

describe('RFC 9520 §3.2', () => {
  test('a failure is the answer for a second, then for two, four … up to 30', async () => {
    expect(await attempts('upstream-timeout', 130)).toEqual([0, 1, 3, 7, 15, 31, 61, 91, 121])
  })

  test('at least for one second, whatever happens', async () => {
    const { ask, say, after, asked } = scripted()
    say(failing('upstream-network'))
    await ask('www.example')
    after(0.999)
    await ask('www.example')
    expect(asked).toHaveLength(1)
    after(0.001)
    await ask('www.example')
    expect(asked).toHaveLength(2)
  })

  test('with an answer it begins anew', async () => {
    const { ask, say, after, asked } = scripted()
    say(failing('upstream-timeout'))
    for (const wait of [1, 2, 4]) {
      await ask('www.example')
      after(wait)
    }
    say(address(1, { ttl: 0 }))
    await ask('www.example')
    say(failing('upstream-timeout'))
    await ask('www.example')
    after(1)
    await ask('www.example')
    expect(asked).toHaveLength(6)
  })

  test('five minutes later nobody remembers', async () => {
    const { ask, say, after, asked } = scripted()
    say(failing('upstream-timeout'))
    for (const wait of [1, 2, 300]) {
      await ask('www.example')
      after(wait)
    }
    await ask('www.example')
    after(1)
    await ask('www.example')
    expect(asked).toHaveLength(5)
  })

  test('one question’s failure is not another’s: type and name count', async () => {
    const { ask, say, asked } = scripted()
    say(failing('upstream-timeout'))
    await ask('www.example', 'A')
    await ask('www.example', 'AAAA')
    await ask('ftp.example', 'A')
    expect(asked).toEqual(['www.example', 'www.example', 'ftp.example'])
  })

  test('that there was no room to ask is not kept', async () => {
    const { ask, say, asked } = scripted()
    say(failing('upstream-overloaded'))
    await ask('www.example')
    say(address(1))
    expect((await ask('www.example')).rcode).toBe('NOERROR')
    expect(asked).toHaveLength(2)
  })

  test('a new block, or a changed names file, is asked at once', async () => {
    const { ask, say, newEpoch } = scripted()
    say(failing('value-invalid'))
    await ask('a.bit')
    newEpoch('two')
    say(address(1))
    expect((await ask('a.bit')).rcode).toBe('NOERROR')
  })

  test('is bounded: the oldest failures are forgotten', async () => {
    const { ask, say, asked } = scripted({ entries: 10 })
    say(failing('upstream-timeout'))
    for (let name = 0; name < 11; name++) await ask(`${name}.example`)
    await ask('10.example')
    expect(asked).toHaveLength(11)
    await ask('0.example')
    expect(asked).toHaveLength(12)
  })

  test('cache-entries 0 keeps none', async () => {
    const { ask, say, asked } = scripted({ entries: 0 })
    say(failing('upstream-timeout'))
    await ask('www.example')
    await ask('www.example')
    expect(asked).toHaveLength(2)
  })
})

describe('when nobody can be reached', () => {
  test('one question a second finds out, whichever it is', async () => {
    const { ask, say, after, asked } = scripted()
    say(failing('upstream-network'))
    const names = Array.from({ length: 20 }, (_, index) => `${index}.example`)
    for (const name of names) await ask(name)
    expect(asked).toHaveLength(20)
    for (let second = 0; second < 10; second++) {
      after(1)
      // Those that have waited their own time are asked, too: at most once in 1, 2, 4 … seconds each.
      for (const name of names.slice(0, 3)) await ask(name)
    }
    expect(asked.slice(20).length).toBeLessThanOrEqual(10 + 3 * 3)
  })

  test('its first answer ends the wait of those that have waited for a second, and of no others', async () => {
    const { ask, say, after } = scripted()
    say(failing('upstream-network'))
    for (const name of ['a.example', 'long.example']) await ask(name)
    after(1)
    await ask('long.example')
    after(0.5)
    await ask('late.example')
    after(0.5)
    // Nobody has tried for half a second, but this one has waited for its own time.
    say(address(1))
    expect((await ask('a.example')).rcode).toBe('NOERROR')
    expect((await ask('long.example')).rcode).toBe('NOERROR')
    expect((await ask('late.example')).rcode).toBe('SERVFAIL')
    after(0.5)
    expect((await ask('late.example')).rcode).toBe('NOERROR')
  })

  test('its first answer ends the wait of all that failed in the same way, and of no other', async () => {
    const { ask, say, after, asked } = scripted()
    say(failing('upstream-timeout'))
    await ask('slow.example')
    after(1)
    await ask('slow.example')
    say(failing('upstream-network'))
    for (const name of ['a.example', 'b.example']) await ask(name)
    after(1)
    say(address(1))
    for (const name of ['a.example', 'b.example']) expect((await ask(name)).rcode).toBe('NOERROR')
    expect((await ask('slow.example')).rcode).toBe('SERVFAIL')
    expect(asked).toHaveLength(6)
  })
})
