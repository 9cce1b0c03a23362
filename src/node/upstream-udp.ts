import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { secureRandom } from '../random.ts'
import type { UpstreamAddress } from '../upstream/address.ts'
import { answered, likeness, withId, withRandomCase } from '../upstream/question.ts'
import { failed, type UpstreamFailed, type UpstreamReply } from '../upstream/transport.ts'
import { failureOf } from './upstream-exchange.ts'
import type { Upstream } from './upstreams.ts'

/** Milliseconds for which the addresses of a host, found by the system's resolver, are used. */
const ADDRESSES_KEPT_MS = 60_000

/** Datagrams that answer another query. Somebody guesses: whoever is not on the way cannot guess over TCP. */
const MAX_STRAY_DATAGRAMS = 16

const IDS = 65_536
const TRUNCATED = 0x02
const random = secureRandom((lot) => crypto.getRandomValues(lot))

/**
 * A `udp` upstream. Each query has a socket of its own, so that its port is as random as its id and its case
 * (RFC 5452 §9.2); the system drops what comes from elsewhere.
 *
 * @param overTcp the same server, for answers that do not fit and queries that somebody tries to answer in its place
 */
export function udpUpstream({ host, port, bootstrap }: UpstreamAddress, overTcp: Upstream): Upstream {
  const known = isIP(host) === 0 ? bootstrap : [host]
  let found: { readonly addresses: Promise<readonly string[]>; readonly until: number } | undefined
  let turn = 0

  function addresses(): Promise<readonly string[]> {
    if (known.length > 0) return Promise.resolve(known)
    if (found !== undefined && performance.now() < found.until) return found.addresses
    const looked = lookup(host, { all: true }).then((all) => all.map(({ address }) => address))
    const entry = { addresses: looked, until: performance.now() + ADDRESSES_KEPT_MS }
    found = entry
    looked.catch(() => {
      if (found === entry) found = undefined
    })
    return looked
  }

  return {
    async exchange(message, signal) {
      let all: readonly string[]
      try {
        all = await addresses()
      } catch (error) {
        return failureOf(error as Error)
      }
      const reply = await ask(all[turn % all.length]!, port, message, signal)
      if (reply === 'over-tcp') return overTcp.exchange(message, signal)
      if (reply.kind === 'failed') turn += 1
      return reply
    },
    close: overTcp.close,
  }
}

function ask(
  address: string,
  port: number,
  message: Uint8Array,
  signal: AbortSignal,
): Promise<UpstreamReply | 'over-tcp'> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(ABORTED)
    const query = withRandomCase(withId(message, random(IDS)), () => random(2))
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4')
    let strays = 0
    let isOver = false

    function settle(reply: UpstreamReply | 'over-tcp'): void {
      if (isOver) return
      isOver = true
      signal.removeEventListener('abort', abort)
      socket.close()
      resolve(reply)
    }
    const abort = (): void => settle(ABORTED)
    const fail = (error: Error): void => settle(failureOf(error))

    signal.addEventListener('abort', abort, { once: true })
    socket.on('error', fail)
    socket.on('message', (datagram) => {
      const like = likeness(query, datagram)
      if (like === 'other') {
        if (++strays > MAX_STRAY_DATAGRAMS) settle('over-tcp')
      }
      // A server that does not keep the case cannot be told from one who guessed all but that.
      else if (like === 'case' || (datagram[2]! & TRUNCATED) !== 0) settle('over-tcp')
      else settle({ kind: 'reply', message: answered(message, datagram) })
    })
    socket.connect(port, address, (error?: Error) => {
      if (isOver) return
      if (error === undefined) socket.send(query)
      else fail(error)
    })
  })
}

const ABORTED: UpstreamFailed = failed('timeout', 'aborted')
