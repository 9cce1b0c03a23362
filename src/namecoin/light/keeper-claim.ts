import type { Log } from '../../log.ts'
import type { Sha256 } from '../chain/hash.ts'
import { parseHeader } from '../chain/header.ts'
import type { Failed } from '../electrum/failure.ts'
import type { ServerTip } from '../electrum/replies.ts'
import { ban, type Claim, isReady, nameOf } from './header-sync-servers.ts'
import type { Server } from './server.ts'

/**
 * What a server says its newest block is; undefined when there is nothing to go by. Who sends a header that is none is
 * banned.
 */
export function readClaim(
  sha256: Sha256,
  server: Server,
  tip: ServerTip | Failed,
  log: Log,
): Claim | undefined {
  if (!isReady(server)) return undefined
  if ('kind' in tip) {
    log.warn('server-tip-misshapen', { server: nameOf(server) })
    return undefined
  }
  const header = parseHeader(sha256, tip.header)
  if (header.kind === 'refused') {
    ban(server, header.code, `its newest block: ${header.detail}`, log)
    return undefined
  }
  return { height: tip.height, header, tip }
}
