import { hashFromText } from '../../namecoin/chain/hash.ts'
import { nextRetarget } from '../../namecoin/chain/header-chain.ts'
import type { Network } from '../../namecoin/chain/network.ts'
import { timespanStart } from '../../namecoin/chain/target.ts'
import { readChainInfo } from '../../namecoin/core-reply.ts'
import { cookieCredentials, urlCredentials } from '../../namecoin/credentials.ts'
import { runtimeTimer, type Timer } from '../../namecoin/deadline.ts'
import { isRecord, type RpcCall, rpcClient } from '../../namecoin/json-rpc.ts'
import {
  type Checkpoint,
  checkpointAt,
  formatCheckpoint,
  PREVIOUS_TIMES,
} from '../../namecoin/light/checkpoint.ts'
import type { ChainKeeper } from '../../namecoin/light/keeper.ts'
import { unboundedSlots } from '../../namecoin/slots.ts'
import { Exit, type Terminal } from './command.ts'

/**
 * Blocks on top of a checkpoint: no block below is ever replaced (`MAX_REORGANISATION`), so the checkpoint stays part of
 * the chain.
 */
const BURIED = 100

/** Where a fresh checkpoint comes from. */
export type CheckpointFrom =
  /** A node that is trusted. */
  | {
      readonly kind: 'core'
      readonly url: URL
      /** Reads its cookie file; used when the URL holds no credentials. */
      readonly readCookie?: () => Promise<string>
    }
  /** The headers of servers that are not, from the checkpoint that we have; `close` is ours to call. */
  | { readonly kind: 'servers'; readonly keeper: ChainKeeper }

export interface CheckpointRequest {
  readonly network: Network
  readonly from: CheckpointFrom
  /** Gives up when it aborts: servers that cannot be reached are tried again for ever. */
  readonly signal: AbortSignal
  readonly timer?: Timer
}

type Made = Checkpoint | { readonly kind: 'failed'; readonly line: string }

/**
 * Prints a checkpoint, JSON, for the setting `checkpoint`: the block 100 below the newest.
 * @returns the exit code: 0 printed, 3 could not be made
 */
export async function checkpoint(request: CheckpointRequest, terminal: Terminal): Promise<number> {
  const { from } = request
  const made = from.kind === 'core' ? await fromCore(request, from) : await fromServers(request, from.keeper)
  if ('line' in made) {
    terminal.complain(made.line)
    return Exit.FAILED
  }
  terminal.print(formatCheckpoint(made).trimEnd())
  return Exit.OK
}

const failed = (line: string): Made => ({ kind: 'failed', line })

async function fromServers({ signal }: CheckpointRequest, keeper: ChainKeeper): Promise<Made> {
  const isSynced = await new Promise<boolean>((resolve) => {
    const look = (): void => {
      if (keeper.state().kind === 'synced') resolve(true)
    }
    keeper.onChange(look)
    signal.addEventListener('abort', () => resolve(false), { once: true })
    if (signal.aborted) resolve(false)
    look()
  })
  const state = keeper.state()
  await keeper.close()
  if (!isSynced || state.kind !== 'synced') return failed('the headers could not be fetched')
  const { chain } = state
  const made = checkpointAt(chain, Math.max(chain.anchor.height, chain.tip.height - BURIED))
  return made ?? failed('the headers do not reach back far enough')
}

async function fromCore(
  { network, signal, timer = runtimeTimer }: CheckpointRequest,
  { url, readCookie }: Extract<CheckpointFrom, { kind: 'core' }>,
): Promise<Made> {
  const ownCredentials = url.username !== '' || url.password !== ''
  const credentials =
    readCookie === undefined || ownCredentials ? urlCredentials(url) : cookieCredentials(readCookie)
  const call = rpcClient({ url, credentials, fetch, slots: unboundedSlots, timer })
  const view = readChainInfo(await call('getblockchaininfo', [], signal), network.name)
  if (view.kind !== 'tip') return failed(`core-url: ${view.detail}`)
  const height = Math.max(0, (view.tip.height ?? 0) - BURIED)
  const start = Math.max(0, timespanStart(network, nextRetarget(height)))
  const below = Math.min(PREVIOUS_TIMES, height)
  const blocks: CoreBlock[] = []
  for (const at of [start, ...Array.from({ length: below + 1 }, (_, index) => height - below + index)]) {
    const block = await blockAt(call, at, signal)
    if (block === undefined) return failed('core-url: the node did not give all headers')
    blocks.push(block)
  }
  const [first, ...chain] = blocks as [CoreBlock, ...CoreBlock[]]
  const block = chain.at(-1)!
  // Each on its own may be of a chain that was replaced meanwhile.
  if (chain.some(({ previous: parent }, index) => index > 0 && parent !== chain[index - 1]!.id)) {
    return failed('core-url: the chain was reorganised meanwhile; try again')
  }
  return {
    ...{ network: network.name, height, hash: block.hash, chainwork: block.chainwork },
    ...{ bits: block.bits, time: block.time, periodStartTime: first.time },
    previousTimes: chain.slice(0, -1).map(({ time }) => time),
  }
}

interface CoreBlock {
  readonly id: string
  readonly previous: string | undefined
  readonly hash: Uint8Array
  readonly time: number
  readonly bits: number
  readonly chainwork: bigint
}

/** `getblockheader` of the block at a height; undefined when the node does not say. */
async function blockAt(call: RpcCall, height: number, signal: AbortSignal): Promise<CoreBlock | undefined> {
  const id = await call('getblockhash', [height], signal)
  if (id.kind !== 'result') return undefined
  const reply = await call('getblockheader', [id.result, true], signal)
  return reply.kind === 'result' && isRecord(reply.result) ? readBlock(reply.result, height) : undefined
}

/** `{"hash":"…","height":1,"time":1,"bits":"1703e336","chainwork":"00…","previousblockhash":"…",…}` */
function readBlock(block: Readonly<Record<string, unknown>>, height: number): CoreBlock | undefined {
  const { hash: id, time, bits, chainwork, previousblockhash } = block
  const hash = typeof id === 'string' ? hashFromText(id) : undefined
  if (hash === undefined || block['height'] !== height || !Number.isSafeInteger(time)) return undefined
  if (typeof bits !== 'string' || !/^[0-9a-f]{8}$/.test(bits)) return undefined
  if (typeof chainwork !== 'string' || !/^[0-9a-f]{64}$/.test(chainwork)) return undefined
  return {
    ...{ id: id as string, hash, time: time as number },
    previous: typeof previousblockhash === 'string' ? previousblockhash : undefined,
    bits: Number.parseInt(bits, 16),
    chainwork: BigInt(`0x${chainwork}`),
  }
}
