import { expect, test } from 'vitest'
import { counted } from '../../src/check/counted.ts'
import { openGateway } from '../http/gateway.ts'
import { fetchServer, findings, ids, subjectOf } from './subject.ts'

/** Our own gateway, in this process and in whatever runtime that is: nothing may fail, or be other than recommended. */

function subject() {
  const { app, clock } = openGateway()
  const { server, requests } = counted(fetchServer((request) => app.fetch(request)))
  const wait = async (seconds: number) => clock.advance(seconds * 1_000)
  return { requests, subject: subjectOf(server, { wait }) }
}

test('every clause holds but those that take connections', async () => {
  expect(await findings(subject().subject, 'fails', 'differs')).toEqual([])
  expect(await ids(subject().subject, 'not-tested')).toEqual(['C21', 'C22', 'K1', 'R1', 'R2', 'R3'])
})

test('a .bit name of several addresses is as good a name as any', async () => {
  const { subject: given } = subject()
  const asked = { ...given, names: { ...given.names, name: given.names.bit! } }
  expect(await findings(asked, 'fails', 'differs')).toEqual([])
})

test('no more requests than the README says', async () => {
  const { subject: given, requests } = subject()
  await ids(given)
  expect(requests()).toBeLessThanOrEqual(150)
  expect(requests()).toBeGreaterThan(100)
})
