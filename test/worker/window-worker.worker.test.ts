import { afterAll, beforeAll, expect, vi } from 'vitest'
import { createWorker } from '../../src/worker.ts'
import { dohSuite } from '../http/doh-suite.ts'
import { clientOf } from '../http/gateway.ts'
import { REGISTERED } from '../namecoin/chain/recording.ts'
import { asked } from './asked.ts'
import { ELECTRUMX_URLS, UPSTREAM_URL } from './outside.ts'

// A file of its own: the suite counts what reaches the upstream, and Workers with equal settings share one cache.

const WINDOW = {
  BITDOH_NETWORK: 'regtest',
  BITDOH_UPSTREAM: UPSTREAM_URL,
  BITDOH_ELECTRUM: ELECTRUMX_URLS,
}

const logged: string[] = []
beforeAll(() => {
  for (const level of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation((...parts) => void logged.push(parts.join(' ')))
})
afterAll(() => {
  vi.restoreAllMocks()
  for (const line of logged) for (const name of REGISTERED) expect(line).not.toContain(name.slice(2))
})

const EXTENDED_DNS_ERROR = 15

dohSuite('a Worker without a Durable Object', () => {
  const worker = createWorker()
  return clientOf((request) => worker.fetch(request, WINDOW), {
    asked,
    ownOptions: [EXTENDED_DNS_ERROR],
    close: async () => {},
  })
})
