import type { UpstreamAddress } from '../upstream/address.ts'
import { replyOfHttp } from '../upstream/http.ts'
import type { UpstreamReply, UpstreamTransport } from '../upstream/transport.ts'
import { failureOf } from './upstream-exchange.ts'
import { streamUpstream } from './upstream-stream.ts'
import { type NodeTransportOptions, nodeTransport } from './upstream-transport.ts'
import { udpUpstream } from './upstream-udp.ts'

/** One upstream and its connections. */
export interface Upstream {
  /** Puts a query, id 0, to it. Never rejects. */
  exchange(message: Uint8Array, signal: AbortSignal): Promise<UpstreamReply>
  /** Ends its connections; what is under way fails. */
  close(): void
}

/** What carries queries to upstreams of every scheme, on connections that are kept alive. */
export interface NodeUpstreams extends UpstreamTransport {
  /** Ends all connections; what is under way fails. */
  close(): void
}

export function nodeUpstreams(options: NodeTransportOptions = {}): NodeUpstreams {
  const http = nodeTransport(options)
  const upstreams = new Map<string, Upstream>()

  function open(address: UpstreamAddress): Upstream {
    switch (address.scheme) {
      case 'https':
        return { exchange: (message, signal) => overHttps(address, message, signal), close: () => {} }
      case 'udp':
        return udpUpstream(address, streamUpstream(address, options.ca))
      default:
        return streamUpstream(address, options.ca)
    }
  }

  async function overHttps({ url, bootstrap }: UpstreamAddress, message: Uint8Array, signal: AbortSignal) {
    try {
      return replyOfHttp(await http.post(url, message, signal, bootstrap))
    } catch (error) {
      return failureOf(error as Error)
    }
  }

  return {
    exchange(address, message, signal) {
      const key = [address.url, ...address.bootstrap].join(' ')
      const upstream = upstreams.get(key) ?? open(address)
      upstreams.set(key, upstream)
      return upstream.exchange(message, signal)
    },
    close() {
      http.close()
      for (const upstream of upstreams.values()) upstream.close()
    },
  }
}
