import { LRUCache } from 'lru-cache'
import type { Name } from '../dns/name.ts'
import { MAX_CUTS, MAX_QUESTIONS_OF_NAME, QUESTION_LIFE_MS } from './limits.ts'
import { ownerKey } from './owner.ts'

/**
 * Lets in so many questions of the zones of each Namecoin name at once.
 *
 * Attack: somebody delegates to servers that never answer, and asks for one name after another below: each holds sockets
 * for seconds, until there are none left for the names of others (BIND: `fetches-per-zone`).
 *
 * @param now milliseconds on a clock that never goes back
 * @returns lets one in, and gives what it must call when it leaves; undefined when there is no room
 */
export function admission(now: () => number): (zone: Name) => (() => void) | undefined {
  // When each came. On Workers a request whose client goes away just stops, and would keep its place for ever.
  const names = new LRUCache<string, Set<{ readonly since: number }>>({ max: MAX_CUTS })
  return function enter(zone) {
    const key = ownerKey(zone)
    const inside = names.get(key) ?? new Set()
    for (const one of inside) if (now() - one.since >= QUESTION_LIFE_MS) inside.delete(one)
    if (inside.size >= MAX_QUESTIONS_OF_NAME) return undefined
    const own = { since: now() }
    inside.add(own)
    names.set(key, inside)
    return () => {
      inside.delete(own)
      if (inside.size === 0 && names.peek(key) === inside) names.delete(key)
    }
  }
}
