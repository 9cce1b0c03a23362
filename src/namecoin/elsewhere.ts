import type { NameSource } from './source.ts'

const DETAIL = 'whole answers come from other gateways, which have the proofs'

/** In place of a source where other gateways are asked: there are no values here, and no chain. */
export const elsewhere: NameSource = {
  name: 'doh',
  lookup: async () => ({ kind: 'unreachable', code: 'protocol', detail: DETAIL }),
  // What is known of a name is as old as its TTL says: a new block is noticed by those who are asked.
  tip: () => TIP,
  state: async () => ({ kind: 'ready', tip: TIP }),
  close: () => {},
}

const TIP = { epoch: 'doh' }
