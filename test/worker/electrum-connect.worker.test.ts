import { connect } from 'cloudflare:sockets'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { WorkerSocketOptions } from '../../src/cloudflare/electrum-sockets.ts'
import { getTip } from '../../src/namecoin/electrum/requests.ts'
import { createWorker } from '../../src/worker.ts'
import { query } from '../dns/messages.ts'
import { dataOf, get, messageIn } from '../http/client.ts'
import { clientOf } from '../http/gateway.ts'
import { never } from '../namecoin/clock.ts'
import { expectAnswers, sessionTo } from '../namecoin/electrum/worker-session.ts'
import { type ElectrumxOnSocket, openElectrumx } from './electrumx-on-socket.ts'
import { ELECTRUMX_URLS, type SocketWish, UPSTREAM_URL } from './outside.ts'

// The sockets are true ones: workerd connects to servers on 127.0.0.1.

const opened: ElectrumxOnSocket[] = []
async function open(wish: SocketWish): Promise<ElectrumxOnSocket> {
  const server = await openElectrumx(wish)
  opened.push(server)
  return server
}
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close()
})

const options: Partial<WorkerSocketOptions> = { connect }

const hasNoConnection = (server: ElectrumxOnSocket) =>
  vi.waitFor(async () => expect(await server.seen()).toMatchObject({ connections: 0 }))

describe('cloudflare:sockets', () => {
  test.each(['whole', 'split', 'joined', 'padded'] as const)(
    'tcp, replies that come %s',
    async (chunking) => {
      const server = await open({ transport: 'tcp', chunking })
      const session = sessionTo(server.address, options)
      await expectAnswers(session)
      expect(await server.seen()).toMatchObject({ connections: 1 })
      session.close()
      await hasNoConnection(server)
    },
  )

  test.each([
    ['closes', 'network'],
    ['garbage', 'protocol'],
    ['endless', 'too-long'],
  ] as const)('tcp, a server that %s', async (wire, code) => {
    const server = await open({ transport: 'tcp', wire: [wire] })
    const session = sessionTo(server.address, options)
    expect(await getTip(session, never)).toMatchObject({ code })
    await hasNoConnection(server)
    session.close()
  })

  test('tcp, nobody there', async () => {
    const server = await open({ transport: 'tcp' })
    await server.close()
    const session = sessionTo(server.address, options)
    expect(await getTip(session, never)).toMatchObject({ code: 'network' })
    session.close()
  })

  test('tls, a certificate of nobody known: not a word is said', async () => {
    const server = await open({ transport: 'tls' })
    const session = sessionTo(server.address, options)
    expect(await getTip(session, never)).toMatchObject({ code: 'network' })
    await hasNoConnection(server)
    expect(await server.seen()).toMatchObject({ octets: 0 })
    session.close()
  })
})

test('tcp:// and wss:// in one setting: a Worker connects to both, and leaves no connection behind', async () => {
  const server = await open({ transport: 'tcp' })
  const overWebSocket = ELECTRUMX_URLS.split(',')[1]!.replace('ws:', 'wss:')
  const worker = createWorker()
  const variables = {
    BITDOH_NETWORK: 'regtest',
    BITDOH_UPSTREAM: UPSTREAM_URL,
    BITDOH_CACHE_ENTRIES: '0',
    BITDOH_ELECTRUM: `${server.address},${overWebSocket}`,
  }
  const client = clientOf((request) => worker.fetch(request, variables), {
    asked: async () => [],
    close: async () => {},
  })
  const answer = messageIn(await get(client, query({ question: 'jordia65.bit' })))
  expect(dataOf(answer, 'A')).toHaveLength(2)
  expect((await server.seen()).octets).toBeGreaterThan(0)
  await hasNoConnection(server)
})
