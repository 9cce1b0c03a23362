import { expect, test } from 'vitest'
import type { DohServer, Reply } from '../../src/check/server.ts'
import { type Checked, CLAUSES, check, hasStopped } from '../../src/check/suite.ts'
import { openGateway } from '../http/gateway.ts'
import { fetchServer, subjectOf } from './subject.ts'

/** A server that responds no more is left, and what it was not asked is not tested. */

const SILENT: Reply = { kind: 'silence', code: 'timeout', detail: 'none within 5000 ms' }

/** The gateway, but for the requests that this says are silence. */
function silentFor(isSilent: (request: number) => boolean) {
  const { app, clock } = openGateway()
  const good = fetchServer((request) => app.fetch(request))
  let sent = 0
  const server: DohServer = { send: async (request) => (isSilent(sent++) ? SILENT : good.send(request)) }
  const wait = async (seconds: number) => clock.advance(seconds * 1_000)
  return { subject: subjectOf(server, { wait }), sent: () => sent }
}

async function all(subject: Parameters<typeof check>[0]): Promise<readonly Checked[]> {
  const checked: Checked[] = []
  for await (const each of check(subject, CLAUSES)) checked.push(each)
  return checked
}

test('from the first request on: some dozen requests, and each clause has its finding', async () => {
  const { subject, sent } = silentFor(() => true)
  const checked = await all(subject)
  expect(checked.map(({ clause }) => clause)).toEqual(CLAUSES)
  expect(sent()).toBeLessThan(20)
  expect(hasStopped(checked)).toBe(true)
  expect(checked.at(-1)?.finding).toEqual({
    kind: 'not-tested',
    detail: 'the server has stopped responding',
  })
})

test('in the middle', async () => {
  const { subject, sent } = silentFor((request) => request >= 40)
  const checked = await all(subject)
  expect(hasStopped(checked)).toBe(true)
  expect(sent()).toBeLessThan(70)
  expect(checked[0]?.finding.kind).toBe('holds')
})

test('but not one that responds to a plain query all the same', async () => {
  const { subject, sent } = silentFor((request) => request >= 40 && request < 45)
  const checked = await all(subject)
  expect(hasStopped(checked)).toBe(false)
  expect(sent()).toBeGreaterThan(100)
})
