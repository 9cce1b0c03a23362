import { agedAnswer, type PackedAnswer, packAnswer } from '../dns/packed.ts'
import { isFailure } from '../dns/protocol.ts'
import { cacheKey } from '../dns/query.ts'
import { type Timer, within } from '../namecoin/deadline.ts'
import type { NameSource } from '../namecoin/source.ts'
import { residence } from '../resolver/cache.ts'
import type { Found, Stage } from '../resolver/question.ts'
import { isUnderBit } from '../resolver/resolver.ts'

/** The part of Cloudflare's Cache API that is used. */
export interface HttpCache {
  match(url: string): Promise<Response | undefined>
  put(url: string, response: Response): Promise<void>
}

export interface EdgeCacheOptions {
  readonly cache: HttpCache
  /** Gateways share an answer when this is equal: all settings that answers depend on. One zone has one cache for all. */
  readonly scope: string
  /** The time of day, milliseconds since 1970: isolates share no other clock. */
  readonly wallClock: () => number
  readonly timer: Timer
  /** Lets work go on after the response has been sent. */
  readonly waitUntil: (work: Promise<unknown>) => void
}

/** Milliseconds that a question waits for the cache: one that hangs is no failure of ours. */
const CACHE_PATIENCE_MS = 250

/** A host that cannot exist (RFC 6761 §6.4): the key is no page anybody could ask for. */
const KEY_HOST = 'https://packed-answers.invalid'

/** The epoch of all that does not depend on the chain. */
const NO_EPOCH = ''

const STORED_AT = 'bitdoh-stored-at'
const RCODE = 'bitdoh-rcode'
const OPTIONS = 'bitdoh-options'
const USABLE_FOR = 'bitdoh-usable-for'

/**
 * Keeps packed answers in the cache of Cloudflare's data centre, so that an isolate that has just started need not
 * ask the backend for what its neighbour found out. Shuffling comes after it, like after every cache.
 *
 * The epoch is part of the key: after a new block the old answers are not found any more.
 */
export function edgeCache({ cache, scope, wallClock, timer, waitUntil }: EdgeCacheOptions) {
  /** What is kept at a URL; nothing where the cache fails, at once or in the middle of a response. */
  async function find(url: string): Promise<Kept | undefined> {
    try {
      const found = await within(CACHE_PATIENCE_MS, undefined, timer, async () =>
        read(await cache.match(url)),
      )
      return found === 'timeout' ? undefined : found
    } catch {
      return undefined
    }
  }

  return (tip: NameSource['tip']): Stage =>
    async function edgeCache(question, next) {
      // Only .bit depends on the chain: no other name waits for it, or is forgotten with a block.
      const epoch = isUnderBit(question.query.wireName) ? (await tip())?.epoch : NO_EPOCH
      if (epoch === undefined) return next(question)
      const url = `${KEY_HOST}/${await digest(`${scope}\0${epoch}\0${cacheKey(question.query)}`)}`
      const known = await find(url)
      if (known !== undefined) {
        const age = Math.max(0, Math.floor((wallClock() - known.storedAt) / 1000))
        if (age < residence(known.packed)) {
          return { ...agedAnswer(known.packed, age), usableFor: Math.max(0, known.usableFor - age) }
        }
      }
      const packed = await next(question)
      if (!isFailure(packed.rcode) && residence(packed) > 0) {
        waitUntil(cache.put(url, toResponse(packed, wallClock())).catch(() => {}))
      }
      return packed
    }
}

/** The key says nothing of the name to whoever lists caches. */
async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', Buffer.from(text, 'utf16le'))
  return Buffer.from(hash).toString('hex')
}

const toResponse = (packed: Found, storedAt: number): Response =>
  new Response(Uint8Array.from(packed.bytes), {
    headers: {
      'cache-control': `max-age=${residence(packed)}`,
      [STORED_AT]: String(storedAt),
      [RCODE]: String(packed.rcode),
      [OPTIONS]: Buffer.from(packed.options).toString('hex'),
      [USABLE_FOR]: String(packed.usableFor ?? 0),
    },
  })

interface Kept {
  readonly packed: PackedAnswer
  readonly storedAt: number
  readonly usableFor: number
}

async function read(response: Response | undefined): Promise<Kept | undefined> {
  if (response === undefined) return undefined
  const { headers } = response
  const options = Uint8Array.from(Buffer.from(headers.get(OPTIONS) ?? '', 'hex'))
  const packed = packAnswer(new Uint8Array(await response.arrayBuffer()), options)
  const storedAt = Number(headers.get(STORED_AT))
  return packed === undefined
    ? undefined
    : {
        packed: { ...packed, rcode: Number(headers.get(RCODE)) },
        storedAt,
        usableFor: Number(headers.get(USABLE_FOR)),
      }
}
