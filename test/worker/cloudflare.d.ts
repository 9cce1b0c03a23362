/** What the tests use of Cloudflare's own API, besides what `src/cloudflare/cloudflare.d.ts` has. */
declare module 'cloudflare:workers' {
  /** The variables of the Worker under test. */
  export const env: Readonly<Record<string, unknown>>
  /** The Worker under test, as Cloudflare calls it. */
  export const exports: { readonly default: { fetch(request: Request): Promise<Response> } }
}
