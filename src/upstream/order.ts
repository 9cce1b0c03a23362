/** In which order upstreams are asked. */

/** `first`: as configured. `consistent`: each name has its own order, so that no upstream sees all names. */
export type Spread = 'first' | 'consistent'

/** Of a query's QNAME on the wire, the upstreams in the order in which they are for it. */
export type OrderOf<Peer> = (wireName: Uint8Array) => readonly Peer[]

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

const mix = (hash: number, octet: number): number => Math.imul(hash ^ octet, FNV_PRIME)

/** MurmurHash3's last step: of FNV alone, names that differ in their last letter stay neighbours. */
function finish(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * `consistent` is rendezvous hashing (Thaler and Ravishankar, 1998): each upstream has a score for each name, the
 * highest is asked. When one fails, its names alone go elsewhere, and come back.
 *
 * The hash has no secret: over restarts, and in every gateway of a service, the same upstream sees the same names. With
 * a key that changes, each would have seen all of them after some restarts. There is nothing to win in guessing it: who
 * can make names that all go to one upstream, could ask that upstream itself.
 *
 * @param urlOf what tells upstreams apart, and does not change
 */
export function orderOf<Peer>(
  peers: readonly Peer[],
  spread: Spread,
  urlOf: (peer: Peer) => string,
): OrderOf<Peer> {
  if (spread === 'first' || peers.length < 2) return () => peers
  const seeded = peers.map((peer) => ({
    peer,
    seed: new TextEncoder().encode(urlOf(peer)).reduce(mix, FNV_OFFSET),
  }))
  return function consistent(wireName) {
    const start = lastTwoLabels(wireName)
    return seeded
      .map(({ peer, seed }) => ({ peer, score: score(seed, wireName, start) }))
      .sort((a, b) => b.score - a.score)
      .map(({ peer }) => peer)
  }
}

function score(seed: number, wireName: Uint8Array, start: number): number {
  let hash = seed
  for (let index = start; index < wireName.length; index++) {
    const octet = wireName[index]!
    hash = mix(hash, octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet)
  }
  return finish(hash)
}

/**
 * Where the last two labels begin. The names of one site go to one upstream: its other names tell no second one that it
 * was visited. Under a public suffix of two labels (`co.uk`) that is coarser than it need be; a list of them would have
 * to be kept, and costs more than it gives.
 */
function lastTwoLabels(wireName: Uint8Array): number {
  let [last, beforeLast] = [0, 0]
  for (let label = 0; wireName[label] !== 0; label += wireName[label]! + 1) [beforeLast, last] = [last, label]
  return beforeLast
}
