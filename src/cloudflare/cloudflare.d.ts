/** The little of Cloudflare's own API that is used; `wrangler types` would bring 600 KB. */
declare module 'cloudflare:workers' {
  export function waitUntil(work: Promise<unknown>): void
}

interface CacheStorage {
  readonly default: Cache
}
