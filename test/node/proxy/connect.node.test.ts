import { createServer, type Server, Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Timer } from '../../../src/namecoin/deadline.ts'
import { connectToAny, type Dial, dialTcp } from '../../../src/node/proxy/connect.ts'
import { CONNECT_MS, MAX_ATTEMPTS, NEXT_ADDRESS_MS } from '../../../src/node/proxy/limits.ts'
import { afterTest, until } from '../tools.ts'

/** A clock that stands still until a test rings. */
function bells() {
  const waiting = new Set<{ readonly milliseconds: number; readonly ring: () => void }>()
  const timer: Timer = (milliseconds, ring) => {
    const bell = { milliseconds, ring }
    waiting.add(bell)
    return () => void waiting.delete(bell)
  }
  const ring = (milliseconds: number): void => {
    for (const bell of [...waiting]) {
      if (bell.milliseconds !== milliseconds) continue
      waiting.delete(bell)
      bell.ring()
    }
  }
  return { timer, ring, count: () => waiting.size }
}

/** Dials for real but where told to be silent: what goes to such an address gets no answer. */
function dialling(silent: readonly string[] = []) {
  const sockets = new Map<string, Socket>()
  const dial: Dial = (address, port) => {
    const socket = silent.includes(address) ? new Socket() : dialTcp(address, port)
    sockets.set(address, socket)
    return socket
  }
  afterTest(() => {
    for (const socket of sockets.values()) socket.destroy()
  })
  return { dial, sockets, dialled: () => [...sockets.keys()] }
}

async function listenAt(address: string, port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.on('error', () => {}).resume())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, resolve)
  })
  afterTest(() => void server.close())
  return { server, port: (server.address() as { port: number }).port }
}

const forever = new AbortController().signal
const addressOf = (connected: Awaited<ReturnType<typeof connectToAny>>) =>
  connected.kind === 'connected' ? connected.socket.remoteAddress : connected.code

describe('connecting to whichever address answers', () => {
  it('goes on to the next at once when one refuses, and to no more than it needs', async () => {
    const { port } = await listenAt('127.0.0.4')
    const { timer } = bells()
    const { dial, dialled } = dialling()
    const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']
    expect(addressOf(await connectToAny(addresses, port, forever, { dial, timer }))).toBe('127.0.0.4')
    expect(dialled()).toEqual(addresses.slice(0, 3))
  })

  it('tries the next one beside an address that is silent, and closes the one that loses', async () => {
    const { port } = await listenAt('127.0.0.3')
    const { timer, ring, count } = bells()
    const { dial, dialled, sockets } = dialling(['127.0.0.2'])
    const connecting = connectToAny(['127.0.0.2', '127.0.0.3'], port, forever, { dial, timer })
    await until(() => count() === 2)
    expect(dialled()).toEqual(['127.0.0.2'])
    ring(NEXT_ADDRESS_MS)
    expect(addressOf(await connecting)).toBe('127.0.0.3')
    expect(sockets.get('127.0.0.2')!.destroyed).toBe(true)
    expect(sockets.get('127.0.0.3')!.destroyed).toBe(false)
    await until(() => count() === 0)
  })

  it('takes an early address that answers late', async () => {
    const { port } = await listenAt('127.0.0.2')
    const { timer, ring, count } = bells()
    const { dial: plain, sockets } = dialling(['127.0.0.2', '127.0.0.3'])
    const connecting = connectToAny(['127.0.0.2', '127.0.0.3'], port, forever, { dial: plain, timer })
    await until(() => count() === 2)
    ring(NEXT_ADDRESS_MS)
    await until(() => sockets.size === 2)
    sockets.get('127.0.0.2')!.connect(port, '127.0.0.2')
    expect(addressOf(await connecting)).toBe('127.0.0.2')
    expect(sockets.get('127.0.0.3')!.destroyed).toBe(true)
  })

  it('says whether all refused or none answered', async () => {
    const { port, server } = await listenAt('127.0.0.2')
    await new Promise((resolve) => server.close(resolve))
    const { timer, ring, count } = bells()
    const refused = connectToAny(['127.0.0.2', '127.0.0.3'], port, forever, { dial: dialling().dial, timer })
    expect(addressOf(await refused)).toBe('connection_refused')
    const { dial, sockets } = dialling(['127.0.0.2'])
    const silent = connectToAny(['127.0.0.2'], port, forever, { dial, timer })
    await until(() => count() === 2)
    ring(CONNECT_MS)
    expect(addressOf(await silent)).toBe('connection_timeout')
    expect(sockets.get('127.0.0.2')!.destroyed).toBe(true)
  })

  it('tries so many at once and no more, but all in the end', async () => {
    const addresses = Array.from({ length: MAX_ATTEMPTS + 2 }, (_, index) => `127.0.1.${index + 1}`)
    const { timer, ring, count } = bells()
    const { dial, sockets } = dialling(addresses)
    const connecting = connectToAny(addresses, 9, forever, { dial, timer })
    for (let begun = 1; begun <= MAX_ATTEMPTS; begun++) {
      await until(() => sockets.size === begun && count() === begun + 1)
      ring(NEXT_ADDRESS_MS)
    }
    await until(() => count() === MAX_ATTEMPTS)
    expect(sockets.size).toBe(MAX_ATTEMPTS)
    sockets.get(addresses[3]!)!.destroy(new Error('reset'))
    await until(() => sockets.size === MAX_ATTEMPTS + 1)
    ring(CONNECT_MS)
    await until(() => sockets.size === MAX_ATTEMPTS + 2)
    ring(CONNECT_MS)
    expect(addressOf(await connecting)).toBe('connection_refused')
  })

  it('leaves nothing behind when nobody waits any longer', async () => {
    const gone = new AbortController()
    const { timer, count } = bells()
    const { dial, sockets } = dialling(['127.0.0.2'])
    const connecting = connectToAny(['127.0.0.2', '127.0.0.3'], 9, gone.signal, { dial, timer })
    await until(() => count() === 2)
    gone.abort()
    expect(addressOf(await connecting)).toBe('connection_timeout')
    expect([...sockets.values()].every(({ destroyed }) => destroyed)).toBe(true)
    expect(sockets.size).toBe(1)
    await until(() => count() === 0)
  })
})
