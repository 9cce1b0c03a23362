import { describe, expect, test } from 'vitest'
import type { LogFields } from '../../src/log.ts'
import { silentLog } from '../../src/log.ts'
import { syncProgress } from '../../src/node/sync-progress.ts'

const at = (height: number, isDone = false) => ({ from: 815_000, height, target: 843_000, isDone })

describe('on a terminal', () => {
  function setUp(columns = 80) {
    let written = ''
    let time = 0
    const tell = syncProgress(
      {
        isTTY: true,
        columns,
        write: (text) => {
          written += text
        },
      },
      silentLog,
      () => time,
    )
    const pass = (milliseconds: number) => {
      time += milliseconds
    }
    return { tell, pass, written: () => written }
  }

  test('a bar on one line, ten times a second at most, and nothing once it is in', () => {
    const { tell, pass, written } = setUp()
    tell(at(815_000))
    pass(1_000)
    for (let height = 815_200; height <= 822_000; height += 200) {
      tell(at(height))
      pass(20)
    }
    const drawn = written().split('\r').slice(1)
    expect(drawn.length).toBeGreaterThan(5)
    expect(drawn.length).toBeLessThanOrEqual(1 + 7 + 1)
    expect(written()).not.toContain('\n')
    expect(drawn[0]).toBe('headers [........................] 815000 of 843000, 0 %\u001b[K')
    expect(drawn.at(-1)).toMatch(/^headers \[#####\.+\] 82\d\d00 of 843000, 2\d %, \d s left/)
    const before = written().length
    tell(at(843_000, true))
    expect(written().slice(before)).toBe('\r\u001b[K')
  })

  test('no longer than the terminal is wide', () => {
    const { tell, written } = setUp(30)
    tell(at(815_000))
    expect(written().replace('\u001b[K', '').length).toBeLessThanOrEqual(30)
  })

  test('not for a few blocks', () => {
    const { tell, written } = setUp()
    tell({ from: 842_900, height: 842_950, target: 843_000, isDone: false })
    tell({ from: 842_900, height: 843_000, target: 843_000, isDone: true })
    expect(written()).toBe('')
  })
})

describe('elsewhere', () => {
  test('a line every ten percent, and not within ten seconds', () => {
    const lines: LogFields[] = []
    let time = 0
    const log = { ...silentLog, info: (_event: string, fields?: LogFields) => void lines.push(fields ?? {}) }
    const tell = syncProgress({ write: () => expect.fail('no terminal') }, log, () => time)
    for (let height = 815_000; height < 843_000; height += 100) {
      tell(at(height))
      time += 600 // 168 s in all: 16.8 s for ten percent
    }
    tell(at(843_000, true))
    expect(lines.map(({ percent }) => percent)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
    expect(lines[5]).toEqual({ height: 829_000, target: 843_000, percent: 50, left: '84 s' })
  })

  test('a fast one says little', () => {
    const lines: unknown[] = []
    let time = 0
    const log = { ...silentLog, info: (event: string) => void lines.push(event) }
    const tell = syncProgress({ write: () => {} }, log, () => time)
    for (let height = 815_000; height < 843_000; height += 100) {
      tell(at(height))
      time += 50
    }
    expect(lines).toHaveLength(2)
  })
})
