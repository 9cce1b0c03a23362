import { describe, expect, test } from 'vitest'
import type { WorkerConnect } from '../../src/cloudflare/electrum-sockets.ts'
import { socketTransport, workerCannot } from '../../src/cloudflare/upstream-sockets.ts'
import { readUpstream } from '../../src/upstream/address.ts'
import { frame, frameReader } from '../../src/upstream/frames.ts'
import { upstreamQuery } from '../../src/upstream/query.ts'
import { answer, octets } from '../dns/messages.ts'
import { never } from '../namecoin/clock.ts'
import { ask } from '../upstream/world.ts'

// The streams are the platform's; only the network between is not there.

/** `connect` to a server that does something with each query, and what it was asked for. */
function serverOf(onQuery: (query: Uint8Array, writer: WritableStreamDefaultWriter<Uint8Array>) => void) {
  const asked: unknown[] = []
  let closes = 0
  const connect: WorkerConnect = (address, options) => {
    asked.push([address, options])
    const incoming = new TransformStream<Uint8Array, Uint8Array>()
    const writer = incoming.writable.getWriter()
    const take = frameReader((query) => onQuery(query, writer))
    const writable = new WritableStream<Uint8Array>({ write: take })
    const close = async (): Promise<void> => {
      closes += 1
      await writer.abort().catch(() => {})
    }
    return { readable: incoming.readable, writable, opened: Promise.resolve(), close }
  }
  return { connect, asked, closes: () => closes }
}

const message = upstreamQuery(ask('example.com'), true)
const good = answer({ question: 'example.com' })

describe('tls and tcp upstreams from a Worker', () => {
  test.each([
    ['tls://dns.example:853', { hostname: 'dns.example', port: 853 }, 'on'],
    ['tcp://[2001:db8::1]:53', { hostname: '[2001:db8::1]', port: 53 }, 'off'],
  ])('%s is asked on a connection of its own, which is closed', async (url, address, secureTransport) => {
    const server = serverOf((query, writer) => {
      expect(query).toEqual(message)
      for (const octet of frame(good)) void writer.write(Uint8Array.of(octet))
    })
    const reply = await socketTransport(server.connect).exchange(readUpstream(url), message, never)
    expect(reply).toEqual({ kind: 'reply', message: good })
    expect(server.asked).toEqual([[address, { secureTransport, allowHalfOpen: false }]])
    expect(server.closes()).toBe(1)
  })

  test.each<[string, string, Parameters<typeof serverOf>[0]]>([
    ['closes', 'network', (_query, writer) => void writer.close()],
    ['breaks', 'network', (_query, writer) => void writer.abort(new Error('reset'))],
    [
      'answers another question',
      'protocol',
      (_query, writer) => void writer.write(frame(answer({ question: 'example.net' }))),
    ],
    ['sends garbage', 'protocol', (_query, writer) => void writer.write(octets(0, 3, 'abc'))],
  ])('a server that %s is a failure: %s', async (_what, code, onQuery) => {
    const server = serverOf(onQuery)
    const upstream = readUpstream('tls://dns.example:853')
    expect(await socketTransport(server.connect).exchange(upstream, message, never)).toMatchObject({ code })
    expect(server.closes()).toBe(1)
  })

  test('nobody waits for one that hangs once the signal aborts', async () => {
    const server = serverOf(() => {})
    const deadline = new AbortController()
    const upstream = readUpstream('tls://dns.example:853')
    const reply = socketTransport(server.connect).exchange(upstream, message, deadline.signal)
    deadline.abort()
    expect(await reply).toMatchObject({ kind: 'failed', code: 'timeout' })
    expect(server.closes()).toBe(1)
    expect(
      await socketTransport(server.connect).exchange(upstream, message, AbortSignal.abort()),
    ).toMatchObject({
      code: 'timeout',
    })
    expect(server.asked).toHaveLength(1)
  })

  test('what they cannot use is said at the start', () => {
    expect(workerCannot(readUpstream('https://dns.example/'))).toBeUndefined()
    expect(workerCannot(readUpstream('udp://192.0.2.1:53'))).toContain('no UDP')
    expect(workerCannot(readUpstream('https://dns.example/#192.0.2.1'))).toContain('leave out')
  })
})
