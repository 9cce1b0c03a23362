import { describe, expect, test } from 'vitest'
import type { Finding } from '../../src/check/finding.ts'
import { differs, fails, holds, notTested, worst } from '../../src/check/finding.ts'
import { jsonReport, jsonText, summaryLine, tableLines } from '../../src/check/report.ts'
import { type Checked, CLAUSES } from '../../src/check/suite.ts'

const checked = (id: string, finding: Finding): Checked => ({
  clause: CLAUSES.find((clause) => clause.id === id)!,
  finding,
})
const PLAIN = { colours: false, width: 80 }

describe('the table', () => {
  test('what holds is one line', () => {
    expect(tableLines(checked('C1', holds('GET: NOERROR')), PLAIN)).toEqual([
      'C1   MUST   holds       GET and POST get the same answer',
    ])
  })

  test('what does not says why below', () => {
    const finding = fails('POST: HTTP 405')
    expect(tableLines(checked('C1', finding), PLAIN)).toEqual([
      'C1   MUST   FAILS       GET and POST get the same answer',
      '                        POST: HTTP 405',
    ])
  })

  test('no line is wider than the terminal', () => {
    for (const width of [80, 100, 120]) {
      const finding = differs(`${'word '.repeat(60)}${'x'.repeat(300)} ${'\u{1f600}'.repeat(50)}`)
      for (const clause of CLAUSES)
        for (const line of tableLines({ clause, finding }, { colours: false, width }))
          expect(line.length).toBeLessThanOrEqual(width)
      for (const line of tableLines(checked('C1', finding), { colours: false, width }))
        expect(line.length).toBeLessThanOrEqual(width)
    }
  })

  test('colours are there for those who want them, and change nothing else', () => {
    const finding = fails('POST: HTTP 405')
    const [line = ''] = tableLines(checked('C1', finding), { colours: true, width: 80 })
    expect(line).toContain('\u001b[31mFAILS')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
    expect(line.replace(/\u001b\[\d+m/g, '')).toBe(tableLines(checked('C1', finding), PLAIN)[0])
  })

  test("a server's escape sequences reach no terminal", () => {
    const lines = tableLines(checked('C26', differs('server: \u001b[2J\u009b31m\u202eh2o\r\n')), PLAIN).join(
      '\n',
    )
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
    expect(lines).not.toMatch(/[\u001b\u009b\u202e\r]/)
    expect(lines).toContain('h2o')
  })

  test('the last line counts', () => {
    const all = [
      checked('C1', holds('')),
      checked('C3', fails('')),
      checked('C6', differs('')),
      checked('B1', notTested('')),
    ]
    expect(summaryLine(all, 12)).toBe(
      '1 hold, 1 fail, 1 differ, 1 not tested; every MUST that was tested holds. 12 requests.',
    )
    expect(summaryLine([checked('C1', fails(''))], 1)).toContain('a MUST fails')
  })
})

test('JSON has all of it', () => {
  const all = [checked('C1', holds('both')), checked('C14', fails('fresh for 3600 s'))]
  expect(jsonReport('https://doh.example/dns-query', all, 7)).toEqual({
    url: 'https://doh.example/dns-query',
    conforms: false,
    requests: 7,
    counts: { holds: 1, fails: 1, differs: 0, notTested: 0 },
    clauses: [
      {
        id: 'C1',
        level: 'MUST',
        title: 'GET and POST get the same answer',
        source: 'RFC 8484 §4.1',
        finding: 'holds',
        detail: 'both',
      },
      expect.objectContaining({ id: 'C14', finding: 'fails', detail: 'fresh for 3600 s' }),
    ],
  })
})

test('JSON says what a server sent without the octets that a terminal acts on', () => {
  const detail = 'server: \u009b31m\u202eh2o\u2028\u{e0041}"é😀'
  const text = jsonText(jsonReport('https://doh.example/', [checked('C26', differs(detail))], 1))
  expect(text).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u)
  expect(text).toContain('\\u009b31m\\u202eh2o\\u2028\\udb40\\udc41')
  expect(text).toContain('é😀')
  expect(JSON.parse(text).clauses[0].detail).toBe(detail)
})

test('of several observations the worst counts, with all that are as bad', () => {
  expect(worst([holds('a'), differs('b'), fails('c'), holds('d'), fails('e')])).toEqual(fails('c; e'))
  expect(worst([holds('a'), notTested('b'), differs('c')])).toEqual(differs('c'))
  expect(worst([notTested('b'), holds('a'), holds('a')])).toEqual(holds('a'))
  expect(worst([])).toEqual(notTested(''))
})
