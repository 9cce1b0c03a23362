import { createHash } from 'node:crypto'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { hasCertificate, type ServerAddress } from '../namecoin/electrum/address.ts'
import { type Failed, failed } from '../namecoin/electrum/failure.ts'
import { judge, type ShownCertificate, type TrustStore } from './electrum-trust.ts'

/** Milliseconds of silence after which the system asks whether the other side is still there. */
const KEEP_ALIVE_MS = 60_000

export interface ConnectOptions {
  readonly trust: TrustStore
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** PEM of a CA trusted instead of the system's, for tests. */
  readonly ca?: string | undefined
}

/**
 * A socket to a server, its certificate accepted; nothing has been written to it. Never rejects; once the signal aborts
 * it resolves to a failure and the socket is gone.
 */
export function connectSocket(
  address: ServerAddress,
  signal: AbortSignal,
  options: ConnectOptions,
): Promise<Socket | Failed> {
  const { host, port, transport } = address
  if (signal.aborted) return Promise.resolve(NO_CONNECTION)
  return new Promise((resolve) => {
    const socket = hasCertificate(transport) ? openTls(address, options.ca) : connectTcp({ host, port })
    const settle = (outcome: Socket | Failed): void => {
      signal.removeEventListener('abort', giveUp)
      socket.off('error', refuse)
      socket.off('close', closed)
      if (outcome !== socket) {
        socket.on('error', () => {}) // What fails now concerns nobody; without a listener it would end the process.
        socket.destroy()
      }
      resolve(outcome)
    }
    const giveUp = (): void => settle(NO_CONNECTION)
    const refuse = (error: Error): void => settle(networkFailure(error))
    const closed = (): void => settle(failed('network', 'the server closed the connection'))
    signal.addEventListener('abort', giveUp, { once: true })
    socket.once('error', refuse)
    socket.once('close', closed)
    socket.once(hasCertificate(transport) ? 'secureConnect' : 'connect', () => {
      socket.setNoDelay(true)
      socket.setKeepAlive(true, KEEP_ALIVE_MS)
      settle(hasCertificate(transport) ? checkCertificate(socket as TLSSocket, address, options) : socket)
    })
  })
}

const NO_CONNECTION = failed('timeout', 'no connection in time')

const openTls = ({ host, port }: ServerAddress, ca: string | undefined): TLSSocket =>
  connectTls({
    host,
    port,
    servername: isIP(host) === 0 ? host : '', // RFC 6066 §3: no addresses in SNI.
    rejectUnauthorized: false, // `checkCertificate` decides, before anything is written.
    ...(ca !== undefined && { ca }),
  })

function checkCertificate(
  socket: TLSSocket,
  address: ServerAddress,
  { trust, now }: ConnectOptions,
): Socket | Failed {
  const shown = shownCertificate(socket)
  if (shown === undefined) return failed('certificate', 'the server has no certificate')
  const verdict = judge(shown, address.pin, trust.get(address), now())
  if (verdict.kind === 'refused') return failed('certificate', verdict.reason)
  if (verdict.kind === 'remember') trust.set(address, verdict.trust)
  return socket
}

function shownCertificate(socket: TLSSocket): ShownCertificate | undefined {
  const { raw, valid_to } = socket.getPeerCertificate()
  if (raw === undefined) return undefined
  return {
    sha256: createHash('sha256').update(raw).digest('hex'),
    expires: Date.parse(valid_to),
    // Node types it as Error; it is a code.
    problem: socket.authorized ? undefined : String(socket.authorizationError),
  }
}

/** The system's code, without its message: that has addresses in it. */
export function networkFailure(error: Error): Failed {
  const { code } = error as NodeJS.ErrnoException
  return failed('network', code !== undefined && /^[A-Z0-9_]+$/.test(code) ? code : 'the connection failed')
}
