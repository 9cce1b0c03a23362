import { describe, expect, it } from 'vitest'
import { createLog, REPEAT_INTERVAL_MS } from '../../src/node/log.ts'

function captured(timestamps = false) {
  const lines: string[] = []
  const clock = { now: 0 }
  const log = createLog({ write: (line) => lines.push(line), now: () => clock.now, timestamps })
  return { lines, clock, log }
}

describe('createLog', () => {
  it('writes one plain line an event', () => {
    const { lines, log } = captured()
    log.info('listening', { url: 'https://127.0.0.1:8443', ca: undefined, tries: 2 })
    expect(lines).toEqual(['info listening url=https://127.0.0.1:8443 tries=2\n'])
  })

  it('begins with the time where nobody else adds it', () => {
    const { lines, log } = captured(true)
    log.error('stopped')
    expect(lines).toEqual(['1970-01-01T00:00:00.000Z error stopped\n'])
  })

  it('text from outside cannot forge a line or move the cursor', () => {
    const { lines, log } = captured()
    log.warn('upstream-failed', { detail: 'x\ninfo forged\u001b[2J\u009b\u2028' })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toBe('warn upstream-failed detail="x\\ninfo forged\\u001b[2J\\u009b\\u2028"\n')
  })

  it('prints the same warning once a minute, with how often it came', () => {
    const { lines, clock, log } = captured()
    for (let i = 0; i < 1000; i++) log.warn('upstream-failed', { host: 'a' })
    log.warn('upstream-failed', { host: 'b' })
    expect(lines).toEqual(['warn upstream-failed host=a\n', 'warn upstream-failed host=b\n'])
    clock.now = REPEAT_INTERVAL_MS
    log.warn('upstream-failed', { host: 'a' })
    expect(lines[2]).toBe('warn upstream-failed host=a repeated=999\n')
  })
})
