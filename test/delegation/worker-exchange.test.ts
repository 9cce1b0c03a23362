import { describe, expect, test } from 'vitest'
import { workerExchange } from '../../src/cloudflare/dns-exchange.ts'
import type { WorkerConnect } from '../../src/cloudflare/electrum-sockets.ts'
import { ExchangeError } from '../../src/delegation/exchange.ts'

const never = new AbortController().signal
const query = Uint8Array.of(1, 2, 3)

/** A server that sends these pieces once it has got something; what it got and what it was asked for. */
function server(pieces: readonly (readonly number[])[], end: 'close' | 'stay' | 'refuse' = 'stay') {
  const received: number[] = []
  const connections: unknown[] = []
  let closed = 0
  const connect: WorkerConnect = (address, options) => {
    connections.push([address, options])
    const incoming = new TransformStream<Uint8Array, Uint8Array>()
    const writer = incoming.writable.getWriter()
    const quietly = (work: Promise<unknown>): void => void work.catch(() => {})
    const opened = end === 'refuse' ? Promise.reject(new Error('refused')) : Promise.resolve()
    opened.catch(() => {})
    if (end === 'refuse') quietly(writer.abort(new Error('refused')))
    const writable = new WritableStream<Uint8Array>({
      write(chunk) {
        received.push(...chunk)
        for (const piece of pieces) quietly(writer.write(Uint8Array.from(piece)))
        if (end === 'close') quietly(writer.close())
      },
    })
    return {
      readable: incoming.readable,
      writable,
      opened,
      close: async () => {
        closed++
        quietly(writer.abort())
      },
    }
  }
  return { exchange: workerExchange(connect), received, connections, closed: () => closed }
}

const code = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ExchangeError)
  return (error as ExchangeError).code
}

describe('DNS over TCP from a Worker', () => {
  test('has no UDP', () => expect(server([]).exchange.udp).toBeUndefined())

  test('frames the message, joins the pieces of the reply, and closes', async () => {
    const { exchange, received, connections, closed } = server([[0], [3, 7], [8, 9, 0xff]])
    expect([...(await exchange.tcp('192.0.2.1', 53, query, never))]).toEqual([7, 8, 9])
    expect(received).toEqual([0, 3, 1, 2, 3])
    expect(connections).toEqual([
      [
        { hostname: '192.0.2.1', port: 53 },
        { secureTransport: 'off', allowHalfOpen: false },
      ],
    ])
    expect(closed()).toBe(1)
  })

  test('puts IPv6 addresses in brackets', async () => {
    const { exchange, connections } = server([[0, 1, 5]])
    await exchange.tcp('2001:db8::1', 53, query, never)
    expect(connections).toMatchObject([[{ hostname: '[2001:db8::1]' }, {}]])
  })

  test.each([
    ['closes before the end', [[0, 3, 7]], 'close' as const],
    ['closes at once', [], 'close' as const],
    ['is not there', [], 'refuse' as const],
  ])('a server that %s', async (_how, pieces, end) => {
    const { exchange, closed } = server(pieces, end)
    expect(await code(exchange.tcp('192.0.2.1', 53, query, never))).toBe('network')
    expect(closed()).toBe(1)
  })

  test('ends when nobody waits any longer', async () => {
    const { exchange, closed } = server([])
    const abort = new AbortController()
    const failing = code(exchange.tcp('192.0.2.1', 53, query, abort.signal))
    abort.abort()
    expect(await failing).toBe('timeout')
    expect(closed()).toBe(1)
    expect(await code(exchange.tcp('192.0.2.1', 53, query, abort.signal))).toBe('timeout')
  })
})
