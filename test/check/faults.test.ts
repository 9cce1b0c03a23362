import { describe, expect, test } from 'vitest'
import type { Clause, Subject } from '../../src/check/clause.ts'
import { CLAUSES, conforms } from '../../src/check/suite.ts'
import { openGateway } from '../http/gateway.ts'
import { connected, FAULTS, faulty, ROUGH_FAULTS, twoCaches } from './faults.ts'
import { fetchServer, findings, subjectOf } from './subject.ts'

/** Each clause finds the fault that it is there for: none can only hold. */

function good(): Pick<Subject, 'server' | 'wait'> {
  const { app, clock } = openGateway()
  return {
    server: connected(fetchServer((request) => app.fetch(request))),
    wait: async (seconds) => clock.advance(seconds * 1_000),
  }
}

const clauseOf = (id: string): Clause => CLAUSES.find((clause) => clause.id === id)!

describe('a server with one fault', () => {
  for (const [id, what, fault] of FAULTS)
    test(`${id} fails: ${what}`, async () => {
      const { server, wait } = good()
      const { kind, detail } = await clauseOf(id).run(subjectOf(faulty(server, fault), { wait }))
      expect([kind, detail]).toEqual(['fails', expect.stringMatching(/\S/)])
    })
  for (const [id, what, fault] of ROUGH_FAULTS)
    test(`${id} fails: ${what}`, async () => {
      const { server, wait } = good()
      const { kind } = await clauseOf(id).run(subjectOf(fault(server), { wait, robust: true }))
      expect(kind).toBe('fails')
    })
})

test('the same server without it: every clause holds', async () => {
  const { server, wait } = good()
  expect(await findings(subjectOf(server, { wait, robust: true }), 'fails', 'differs', 'not-tested')).toEqual(
    [],
  )
})

test('C16: two caches behind one address are none, but cannot be told from one for sure', async () => {
  const { server, wait } = good()
  const { kind } = await clauseOf('C16').run(subjectOf(faulty(server, twoCaches()), { wait }))
  expect(kind).toBe('differs')
})

test('there is a fault for each clause', () => {
  const found = new Set([...FAULTS, ...ROUGH_FAULTS].map(([id]) => id))
  expect(CLAUSES.map(({ id }) => id).filter((id) => !found.has(id))).toEqual([])
})

test('ids are there once', () => {
  expect(new Set(CLAUSES.map(({ id }) => id)).size).toBe(CLAUSES.length)
})

test('C1 to C32 are there', () => {
  expect(CLAUSES.filter(({ id }) => id.startsWith('C')).map(({ id }) => id)).toEqual(
    Array.from({ length: 32 }, (_, index) => `C${index + 1}`),
  )
})

test('only a MUST that fails makes the whole fail', () => {
  const of = (id: string, kind: 'holds' | 'fails' | 'differs' | 'not-tested') => ({
    clause: clauseOf(id),
    finding: { kind, detail: '' },
  })
  expect(conforms([of('C1', 'holds'), of('C12', 'fails'), of('C3', 'fails'), of('C29', 'fails')])).toBe(true)
  expect(conforms([of('C1', 'differs'), of('C13', 'not-tested')])).toBe(true)
  expect(conforms([of('C1', 'holds'), of('C13', 'fails')])).toBe(false)
})
