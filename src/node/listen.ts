import type { AddressInfo, Server } from 'node:net'
import type { Address } from '../settings/kinds.ts'

/** Why nobody listens. */
export interface ListenProblem {
  readonly kind: 'failed'
  /** The system's code: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `ENOTFOUND`. */
  readonly code: string
  /** One line for a person, which names the flag. */
  readonly line: string
}

/** Listens, and says on which port. @param flag where the address came from, without dashes */
export function listen(
  server: Server,
  address: Address,
  flag: string,
): Promise<{ readonly kind: 'bound'; readonly port: number } | ListenProblem> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      const code = error.code ?? 'EIO'
      resolve({ kind: 'failed', code, line: `--${flag}: given ${hostPort(address)}, ${reason(code)}` })
    }
    server.once('error', fail)
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', fail)
      resolve({ kind: 'bound', port: (server.address() as AddressInfo).port })
    })
  })
}

const reason = (code: string): string => {
  switch (code) {
    case 'EADDRINUSE':
      return 'where another program is listening already (EADDRINUSE)'
    case 'EACCES':
      return 'which this user may not open (EACCES); ports below 1024 need a privilege'
    case 'EADDRNOTAVAIL':
      return 'which is no address of this machine (EADDRNOTAVAIL)'
    case 'ENOTFOUND':
      return 'which is no host that is known here (ENOTFOUND)'
    default:
      return `where one cannot listen (${code})`
  }
}

/** An address as it is written: `[::1]:8443`. */
export const hostPort = ({ host, port }: Address): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`
