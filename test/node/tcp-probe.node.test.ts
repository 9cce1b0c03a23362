import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { tcpProbing } from '../../src/node/tcp-probe.ts'
import { never } from '../namecoin/clock.ts'

const open = new Set<{ close(): unknown }>()
afterEach(() => {
  for (const each of open) each.close()
  open.clear()
})

async function listen(
  onConnection: (socket: Socket) => void = () => {},
): Promise<{ port: number; server: Server }> {
  const server = createServer(onConnection).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.add(server)
  return { port: (server.address() as { port: number }).port, server }
}

describe('a connection that finds out whether somebody is there', () => {
  test('is accepted, and not one octet comes over it before it is closed', async () => {
    let ended = (_octets: number): void => {}
    const received = new Promise<number>((resolve) => {
      ended = resolve
    })
    const { port } = await listen((socket) => {
      socket.on('close', () => ended(socket.bytesRead)).resume()
    })
    expect(await tcpProbing().connect('127.0.0.1', port, never)).toBe('accepted')
    expect(await received).toBe(0)
  })

  test('is refused', async () => {
    const { port, server } = await listen()
    server.close()
    await once(server, 'close')
    expect(await tcpProbing().connect('127.0.0.1', port, never)).toBe('refused')
  })

  test('is given up', async () => {
    const controller = new AbortController()
    // RFC 5737: nobody is there. Where the system knows no way at all, that is not the host's fault.
    const contact = tcpProbing().connect('192.0.2.1', 443, controller.signal)
    controller.abort()
    expect(await contact).toBe('refused')
  })

  test('says nothing where the system does not let it', async () => {
    // RFC 6890: broadcast. EACCES or ENETUNREACH, whichever: it never gets out.
    expect(await tcpProbing().connect('255.255.255.255', 443, never)).toBe('unknown')
  })
})
