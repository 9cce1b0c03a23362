import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { TransportError, toTransportError } from './upstream-exchange.ts'

/** Where to connect to, and how. */
export interface Target {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** Undefined for a connection without TLS. */
  readonly tls: Pick<ConnectionOptions, 'ca' | 'ALPNProtocols'> | undefined
  /** Finds the host's addresses; undefined: the system's resolver does. */
  readonly lookup: LookupFunction | undefined
}

/** Milliseconds an address gets before the next one is tried (RFC 8305 §5 recommends 250). */
const NEXT_ADDRESS_MS = 250

/**
 * Connects, over all addresses of the host until one answers; with TLS the certificate is held against the host,
 * whatever the address.
 *
 * @throws TransportError (rejects) `network`, `tls` or `timeout`
 */
export function connectSocket({ host, port, tls, lookup }: Target, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const options = {
      host,
      port,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
      ...(lookup !== undefined && { lookup }),
    }
    // RFC 6066 §3: no addresses in SNI. The certificate is then held against the host.
    const servername = isIP(host) === 0 ? host : ''
    const socket = tls === undefined ? connectTcp(options) : connectTls({ ...options, ...tls, servername })
    const timer = setTimeout(
      () => socket.destroy(new TransportError('timeout', `no connection within ${timeoutMs} ms`)),
      timeoutMs,
    )
    let code: 'network' | 'tls' = 'network'
    const fail = (error: Error): void => {
      clearTimeout(timer)
      reject(toTransportError(code, error))
    }
    socket.once('connect', () => {
      if (tls !== undefined) code = 'tls'
    })
    socket.once('error', fail)
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      resolve(socket)
    })
  })
}

/** What finds these addresses and no others; undefined when there are none, and the system's resolver is to be asked. */
export function lookupOf(addresses: readonly string[]): LookupFunction | undefined {
  if (addresses.length === 0) return undefined
  const found = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_host, options, callback) => {
    const wanted = found.filter(({ family }) => !options.family || options.family === family)
    const [first] = wanted
    if (options.all) callback(null, wanted)
    else if (first !== undefined) callback(null, first.address, first.family)
    else callback(Object.assign(new Error('no bootstrap address of this family'), { code: 'ENOTFOUND' }), '')
  }
}
