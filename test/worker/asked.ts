import { ASKED_URL } from './outside.ts'

/** The queries that reached the upstream outside so far. */
export async function asked(): Promise<readonly Uint8Array[]> {
  const queries = (await (await fetch(ASKED_URL)).json()) as string[]
  return queries.map((query) => Uint8Array.from(Buffer.from(query, 'hex')))
}
