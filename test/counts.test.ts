import { expect, test } from 'vitest'
import { countedTransport, newCounts } from '../src/counts.ts'
import { readUpstream } from '../src/upstream/address.ts'
import { failed } from '../src/upstream/transport.ts'

test('an attempt that was called off, because another had the answer, is no failure', async () => {
  const counts = newCounts()
  const { exchange } = countedTransport({ exchange: async () => failed('timeout', 'aborted') }, counts)
  const upstream = readUpstream('https://upstream.example/dns-query')
  const calledOff = new AbortController()
  calledOff.abort()
  await exchange(upstream, new Uint8Array(12), calledOff.signal)
  expect(counts.upstream).toMatchObject({ attempts: 1, failures: new Map() })
  await exchange(upstream, new Uint8Array(12), new AbortController().signal)
  expect(counts.upstream).toMatchObject({ attempts: 2, failures: new Map([['timeout', 1]]) })
})
