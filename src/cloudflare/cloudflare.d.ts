/** The little of Cloudflare's own API that is used; `wrangler types` would bring 600 KB. */
declare module 'cloudflare:workers' {
  export function waitUntil(work: Promise<unknown>): void

  export abstract class DurableObject {
    constructor(
      ctx: { readonly storage: import('./object-store.ts').ObjectStorage },
      env: Readonly<Record<string, unknown>>,
    )
  }
}

interface CacheStorage {
  readonly default: Cache
}
