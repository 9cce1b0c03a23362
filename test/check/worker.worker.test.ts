import { exports } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { fetchServer, findings, subjectOf } from './subject.ts'

test('our own Worker: nothing fails, and nothing is other than recommended', {
  timeout: 60_000,
}, async () => {
  const server = fetchServer((request) => exports.default.fetch(request))
  expect(await findings(subjectOf(server), 'fails', 'differs')).toEqual([])
})
