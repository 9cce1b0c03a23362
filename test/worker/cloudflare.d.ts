/** What the tests use of Cloudflare's own API, besides what `src/cloudflare/cloudflare.d.ts` has. */
declare module 'cloudflare:workers' {
  /** The variables of the Worker under test. */
  export const env: Readonly<Record<string, unknown>>
  /** The Worker under test, as Cloudflare calls it. */
  export const exports: { readonly default: { fetch(request: Request): Promise<Response> } }
}

/** What the tests use of the plugin: its own types need all of Cloudflare's. */
declare module 'cloudflare:test' {
  interface Stub {
    fetch(url: string, init: RequestInit): Promise<Response>
  }
  export function runInDurableObject<Result>(
    stub: Stub,
    callback: (
      instance: unknown,
      state: { readonly storage: import('../../src/cloudflare/object-store.ts').ObjectStorage },
    ) => Promise<Result>,
  ): Promise<Result>
  export function runDurableObjectAlarm(stub: Stub): Promise<boolean>
  /** Ends all objects at once, as when a machine goes down. */
  export function abortAllDurableObjects(): Promise<void>
}
