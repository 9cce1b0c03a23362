import { hashFromText, hashToText } from '../chain/hash.ts'
import { type Anchor, type HeaderChain, MEDIAN_BLOCKS, nextRetarget } from '../chain/header-chain.ts'
import { NETWORKS, type NetworkName } from '../chain/network.ts'
import { targetOfBits, timespanStart, workOfBlocks } from '../chain/target.ts'
import { isRecord } from '../json-rpc.ts'

/**
 * A block that is trusted for another reason than its work. Its hash and the work up to it suffice: what else the rules
 * look back on can be had from servers nobody trusts, as the hash vouches for it (`checkpoint-completion.ts`).
 */
export interface Checkpoint {
  readonly network: NetworkName
  readonly height: number
  readonly hash: Uint8Array
  /** Work of all blocks up to this one. */
  readonly chainwork: bigint
  readonly bits?: number
  /** Seconds since 1970. */
  readonly time?: number
  /** Time of the block that the next change of the target counts from; see `timespanStart`. */
  readonly periodStartTime?: number
  /** Times of the blocks right below, oldest first. */
  readonly previousTimes?: readonly number[]
}

/** A checkpoint, or the one line that says why a text is none. */
export type CheckpointOutcome =
  | ({ readonly kind: 'checkpoint' } & Checkpoint)
  | { readonly kind: 'bad-checkpoint'; readonly detail: string }

/** Blocks below whose times the median rule looks at, besides the block itself. */
export const PREVIOUS_TIMES = MEDIAN_BLOCKS - 1

/** Heights and times: 31 and 32 bits in the chain. */
const MAX_HEIGHT = 0x7fff_ffff
const MAX_TIME = 0xffff_ffff

/** `{"network":"mainnet","height":815000,"hash":"46c3…","chainwork":"a88f…"}`, the other fields where they are known. */
export function parseCheckpoint(text: string): CheckpointOutcome {
  const json = parseJson(text)
  if (!isRecord(json)) return bad('it is no JSON object')
  const { network, height, hash, chainwork, bits, time, periodStartTime, previousTimes } = json
  if (!isNetwork(network)) return bad(`network: takes ${Object.keys(NETWORKS).join(', ')}`)
  if (!isWhole(height, MAX_HEIGHT)) return bad('height: takes a whole number')
  const octets = typeof hash === 'string' ? hashFromText(hash) : undefined
  if (octets === undefined) return bad('hash: takes 64 hex digits, as Core prints them')
  if (typeof chainwork !== 'string' || !/^[0-9a-f]{1,64}$/i.test(chainwork)) {
    return bad('chainwork: takes up to 64 hex digits, as Core prints them')
  }
  const compact = typeof bits === 'string' && /^[0-9a-f]{8}$/i.test(bits) ? Number.parseInt(bits, 16) : 0
  if (bits !== undefined && targetOfBits(compact) === undefined) {
    return bad('bits: takes 8 hex digits, as Core prints them')
  }
  for (const [name, value] of Object.entries({ time, periodStartTime })) {
    if (value !== undefined && !isWhole(value, MAX_TIME)) return bad(`${name}: takes seconds since 1970`)
  }
  if (previousTimes !== undefined && !isTimes(previousTimes)) {
    return bad(`previousTimes: takes a list of at most ${PREVIOUS_TIMES} times`)
  }
  const known = {
    bits: bits === undefined ? undefined : compact,
    time,
    periodStartTime,
    previousTimes,
  } as Pick<Checkpoint, 'bits' | 'time' | 'periodStartTime' | 'previousTimes'>
  const least = { network, height, hash: octets, chainwork: BigInt(`0x${chainwork}`) }
  return { kind: 'checkpoint', ...least, ...present(known) }
}

/** The text that `parseCheckpoint` reads: a line a field, so that two of them can be compared by eye. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { hash, chainwork, bits, previousTimes, ...rest } = checkpoint
  const shown = {
    network: rest.network,
    height: rest.height,
    hash: hashToText(hash),
    chainwork: chainwork.toString(16),
    bits: bits?.toString(16).padStart(8, '0'),
    time: rest.time,
    periodStartTime: rest.periodStartTime,
    previousTimes,
  }
  return `${JSON.stringify(shown, undefined, 2).replace(/\[[^\]]*\]/, (list) => list.replaceAll(/\s+/g, ' '))}\n`
}

/** The checkpoint as a chain's anchor; undefined while something is missing. */
export function anchorOf(checkpoint: Checkpoint): Anchor | undefined {
  const { height, hash, chainwork, bits, time, periodStartTime, previousTimes } = checkpoint
  if (bits === undefined || time === undefined) return undefined
  if (periodStartTime === undefined || previousTimes === undefined) return undefined
  return { height, hash, chainwork, bits, time, periodStartTime, previousTimes }
}

/** The anchor as a checkpoint. */
export const checkpointOf = (network: NetworkName, anchor: Anchor): Checkpoint => ({ network, ...anchor })

/**
 * A block of a chain as a checkpoint. Undefined when it is not in the window, or what it needs is below.
 *
 * @param height - at most the tip's
 */
export function checkpointAt(chain: HeaderChain, height: number): Checkpoint | undefined {
  const { anchor, network, tip } = chain
  if (height === anchor.height) return checkpointOf(network.name, anchor)
  const block = chain.at(height)
  const start = timespanStart(network, nextRetarget(height))
  const periodStartTime = new Map(chain.state().marks).get(start) ?? timeAt(chain, start)
  if (block === undefined || periodStartTime === undefined) return undefined
  const above = heights(height + 1, tip.height).map((at) => chain.at(at)!)
  const previousTimes = heights(Math.max(0, height - PREVIOUS_TIMES), height - 1).map((at) =>
    timeAt(chain, at),
  )
  return {
    network: network.name,
    height,
    hash: block.hash.slice(),
    chainwork: tip.chainwork - workOfBlocks(above),
    bits: block.bits,
    time: block.time,
    periodStartTime,
    // Those that are known must be the newest: a gap would shift all below it.
    previousTimes: previousTimes.slice(previousTimes.lastIndexOf(undefined) + 1) as number[],
  }
}

function timeAt(chain: HeaderChain, height: number): number | undefined {
  const { anchor } = chain
  if (height === anchor.height) return anchor.time
  const below = height < anchor.height ? anchor.previousTimes.at(height - anchor.height) : undefined
  return chain.at(height)?.time ?? below
}

const heights = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)

const bad = (detail: string): CheckpointOutcome => ({ kind: 'bad-checkpoint', detail })

const isNetwork = (value: unknown): value is NetworkName =>
  typeof value === 'string' && Object.hasOwn(NETWORKS, value)

const isWhole = (value: unknown, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most

const isTimes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length <= PREVIOUS_TIMES && value.every((time) => isWhole(time, MAX_TIME))

/** What is undefined is left out: `exactOptionalPropertyTypes`. */
const present = <Fields extends object>(fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
