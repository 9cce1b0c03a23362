import fixture143 from '../fixtures/electrumx-1.4.3.json' with { type: 'json' }
import fixture16 from '../fixtures/electrumx-1.6.json' with { type: 'json' }
import {
  type Branch,
  blockHash,
  type ChainData,
  type HistoryItem,
  headerProof,
  statusOf,
  tipOf,
  valueProof,
} from './electrumx-chain.ts'

/**
 * An ElectrumX made of data, `(method, params) => outcome`. Pure: it runs in workerd too, behind a channel
 * (`electrumx-peer.ts`); `electrumx-server.ts` puts it behind sockets.
 */

export type Outcome =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string } }

/** Answers calls. */
export type Backend = (method: string, params: readonly unknown[]) => Outcome

export interface Recording {
  readonly protocol: string
  readonly tip: number
  readonly calls: readonly RecordedCall[]
}

export interface RecordedCall {
  readonly method: string
  readonly params: readonly unknown[]
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
}

/** The recordings of `regtest/README.md`: a regtest chain at height 207, by a client of 1.4.3 and one of 1.6. */
export const recorded143 = fixture143 as unknown as Recording
export const recorded16 = fixture16 as unknown as Recording

/** What the recorded server answers: word for word what it did, and what follows from that for everything else. */
export function replay(recording: Recording, method: string, params: readonly unknown[]): Outcome {
  const wanted = JSON.stringify(meaning(method, params))
  const call = recording.calls.find(
    (one) => one.method === method && JSON.stringify(meaning(method, one.params)) === wanted,
  )
  if (call?.error !== undefined) return { error: call.error }
  if (call !== undefined) return { result: call.result ?? null }
  return answer(chainOf(recording), method, params)
}

/** Parameters with those left out that say what is so anyway. */
function meaning(method: string, params: readonly unknown[]): readonly unknown[] {
  const defaults: Readonly<Record<string, readonly unknown[]>> = {
    'blockchain.block.header': [undefined, 0],
    'blockchain.block.headers': [undefined, undefined, 0],
    'blockchain.name.get_value_proof': [undefined, 0],
    'blockchain.transaction.get': [undefined, false],
  }
  const usual = defaults[method] ?? []
  return Array.from(
    { length: Math.max(params.length, usual.length) },
    (_, index) => params[index] ?? usual[index],
  )
}

const chains = new WeakMap<Recording, ChainData>()

/** The chain that was recorded. */
export function chainOf(recording: Recording): ChainData {
  const known = chains.get(recording)
  if (known !== undefined) return known
  const headers: string[] = []
  const histories = new Map<string, readonly HistoryItem[]>()
  const transactions = new Map<string, string>()
  const branches = new Map<string, Branch>()
  for (const { method, params, result } of recording.calls) {
    const [key, second] = params
    if (result === undefined) continue
    if (method === 'blockchain.block.header' && second === undefined)
      headers[key as number] = result as string
    if (method === 'blockchain.scripthash.get_history') histories.set(String(key), result as HistoryItem[])
    if (method === 'blockchain.transaction.get') transactions.set(String(key), result as string)
    if (method === 'blockchain.transaction.get_merkle') branches.set(String(key), result as Branch)
  }
  const chain = { headers, histories, transactions, branches, expiry: 30 }
  chains.set(recording, chain)
  return chain
}

/** What a server with this chain answers, at protocol 1.4.3. */
export function answer(chain: ChainData, method: string, params: readonly unknown[]): Outcome {
  const handler = HANDLERS[method]
  return handler === undefined ? error(-32_601, `unknown method "${method}"`) : handler(chain, params)
}

type Handler = (chain: ChainData, params: readonly unknown[]) => Outcome

const error = (code: number, message: string): Outcome => ({ error: { code, message } })
const isHash = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)

const ofHistory =
  (read: (history: readonly HistoryItem[], chain: ChainData) => unknown): Handler =>
  (chain, [scripthash]) =>
    isHash(scripthash)
      ? { result: read(chain.histories.get(scripthash) ?? [], chain) }
      : error(1, `${String(scripthash)} is not a valid script hash`)

/** What `blockchain.headers.subscribe` answers and notifies. */
export const tipReply = (chain: ChainData) => ({ hex: chain.headers.at(-1)!, height: tipOf(chain) })

const HANDLERS: Readonly<Record<string, Handler>> = {
  'server.ping': () => ({ result: null }),
  'server.features': (chain) => ({
    result: {
      hosts: {},
      pruning: null,
      server_version: 'ElectrumX 1.16.0',
      protocol_min: '1.4',
      protocol_max: '1.4.3',
      genesis_hash: blockHash(chain.headers[0]!),
      hash_function: 'sha256',
      services: [],
    },
  }),
  'blockchain.headers.subscribe': (chain) => ({ result: tipReply(chain) }),
  'blockchain.scripthash.get_history': ofHistory((history) => history),
  'blockchain.scripthash.subscribe': ofHistory(statusOf),
  'blockchain.scripthash.unsubscribe': ofHistory(() => true),
  'blockchain.transaction.get': (chain, [txid]) => {
    const transaction = chain.transactions.get(String(txid))
    return transaction === undefined ? error(2, 'daemon error') : { result: transaction }
  },
  'blockchain.transaction.get_merkle': (chain, [txid, height]) => {
    const branch = chain.branches.get(String(txid))
    return branch?.block_height === height ? { result: branch } : error(1, 'tx not in block')
  },
  'blockchain.block.header': (chain, [height, checkpoint = 0]) => {
    const header = chain.headers[height as number]
    if (header === undefined) return error(1, 'height out of range')
    if (checkpoint === 0) return { result: header }
    return isCheckpoint(chain, height, checkpoint)
      ? { result: headerProof(chain, height as number, checkpoint) }
      : error(1, 'require header height <= cp_height <= chain height')
  },
  'blockchain.block.headers': (chain, [start, count, checkpoint = 0]) => {
    const headers = chain.headers.slice(start as number, (start as number) + Math.min(count as number, MAX))
    const shape = { count: headers.length, max: MAX }
    if (checkpoint === 0) return { result: { hex: headers.join(''), ...shape } }
    const last = (start as number) + headers.length - 1
    if (!isCheckpoint(chain, last, checkpoint)) return error(1, 'require header height <= cp_height')
    const { branch, root } = headerProof(chain, last, checkpoint)
    const hex = headers.map((header) => header.slice(0, 160)).join('')
    return { result: { ...shape, branch, root, hex } }
  },
  'blockchain.name.get_value_proof': (chain, [scripthash, checkpoint = 0]) =>
    isHash(scripthash)
      ? { result: valueProof(chain, scripthash, checkpoint as number) }
      : error(1, 'not a valid script hash'),
}

const MAX = 2_016

const isCheckpoint = (chain: ChainData, height: unknown, checkpoint: unknown): checkpoint is number =>
  (height as number) <= (checkpoint as number) && (checkpoint as number) <= tipOf(chain)

// Lies: what a server says that is not so. Each leaves everything else honest.

/** Lies that are another chain. */
export const CHAIN_LIES = {
  /** Each transaction's branch has one wrong hash. */
  'forged-branch': (chain) => ({
    ...chain,
    branches: mapped(chain.branches, (branch) => ({
      ...branch,
      merkle: branch.merkle.map((hash, index) => (index === 0 ? flipped(hash, 0) : hash)),
    })),
  }),
  /** The newest headers that hold an update have another Merkle root, and so no work. */
  'forged-header': (chain) => {
    const heights = new Set([...chain.histories.values()].map((history) => history.at(-1)?.height))
    return { ...chain, headers: chain.headers.map((hex, at) => (heights.has(at) ? flipped(hex, 80) : hex)) }
  },
  /** Each name has the history of another. */
  'wrong-name': (chain) => {
    const entries = [...chain.histories].filter(([, history]) => history.length > 0)
    return {
      ...chain,
      histories: new Map(
        entries.map(([key], index) => [key, entries[(index + 1) % entries.length]![1]] as const),
      ),
    }
  },
  /** Each transaction has another value in its output: the first octet after the name operation's `{`. */
  'foreign-output': (chain) => ({
    ...chain,
    transactions: mapped(chain.transactions, (hex) => hex.replace(/7b22/, '7b20')),
  }),
  /** Each transaction is another one that is in the chain. */
  'foreign-transaction': (chain) => {
    const all = [...chain.transactions]
    return {
      ...chain,
      transactions: new Map(all.map(([txid], index) => [txid, all[(index + 1) % all.length]![1]] as const)),
    }
  },
  /** The newest update of each name never happened. */
  'withheld-update': (chain) => ({
    ...chain,
    histories: mapped(chain.histories, (history) => (history.length > 1 ? history.slice(0, -1) : history)),
  }),
  /** Of each name only what has expired is there. */
  'expired-value': (chain) => ({
    ...chain,
    histories: mapped(chain.histories, (history) => {
      const expired = history.filter(({ height }) => height + chain.expiry <= tipOf(chain))
      return expired.length > 0 ? expired : history
    }),
  }),
  /** Each update happened 20 blocks later. */
  'fake-height': (chain) => {
    const later = (height: number): number => Math.min(height + 20, tipOf(chain))
    return {
      ...chain,
      histories: mapped(chain.histories, (history) =>
        history.map((item) => ({ ...item, height: later(item.height) })),
      ),
      branches: mapped(chain.branches, (branch) => ({ ...branch, block_height: later(branch.block_height) })),
    }
  },
  /** The last 20 blocks never happened. */
  'stale-tip': (chain) => truncated(chain, tipOf(chain) - 20),
  /** No name was ever registered. */
  'never-existed': (chain) => ({ ...chain, histories: new Map() }),
} as const satisfies Readonly<Record<string, (chain: ChainData) => ChainData>>

/** Lies that are other replies. */
export const REPLY_LIES = {
  'wrong-genesis': ofMethod('server.features', (result) => ({ ...result, genesis_hash: '00'.repeat(32) })),
  pruned: ofMethod('server.features', (result) => ({ ...result, pruning: 100 })),
  /** Another root over the headers, wherever there is one. */
  'lying-root': (_method, outcome) => {
    const text = JSON.stringify(outcome)
    return JSON.parse(
      text.replace(/"root":"(..)/g, (_, octet: string) => `"root":"${flipped(octet, 0)}`),
    ) as Outcome
  },
  /** Results that are no such thing. */
  misshapen: (method, outcome) =>
    method.startsWith('blockchain.') && 'result' in outcome ? { result: { no: ['such', 1] } } : outcome,
  'daemon-error': onlyChain({ error: { code: 2, message: 'daemon error' } }),
  busy: onlyChain({ error: { code: -102, message: 'server busy - request timed out' } }),
  /** Before 1.4.3 there is no such method. Not a lie with `protocol` 1.4.2. */
  'no-value-proof': (method, outcome) =>
    method === 'blockchain.name.get_value_proof'
      ? { error: { code: -32_601, message: `unknown method "${method}"` } }
      : outcome,
  /** The shape of 1.6, cut as ElectrumX 1.19 to 2.0 cut it. */
  'array-headers': ofMethod('blockchain.block.headers', ({ hex, ...rest }) => ({
    ...rest,
    headers: String(hex).match(/.{1,160}/g) ?? [],
  })),
} as const satisfies Readonly<Record<string, (method: string, outcome: Outcome) => Outcome>>

export type Lie = keyof typeof CHAIN_LIES | keyof typeof REPLY_LIES
export const LIES = [...Object.keys(CHAIN_LIES), ...Object.keys(REPLY_LIES)] as readonly Lie[]

/** A server with this chain that tells these lies. */
export function liar(chain: ChainData, lies: readonly Lie[] = []): Backend {
  let told = chain
  for (const lie of lies) if (lie in CHAIN_LIES) told = CHAIN_LIES[lie as keyof typeof CHAIN_LIES](told)
  return (method, params) => {
    let outcome = answer(told, method, params)
    for (const lie of lies) {
      if (lie in REPLY_LIES) outcome = REPLY_LIES[lie as keyof typeof REPLY_LIES](method, outcome)
    }
    return outcome
  }
}

/** The chain up to a height. */
export function truncated(chain: ChainData, tip: number): ChainData {
  return {
    ...chain,
    headers: chain.headers.slice(0, tip + 1),
    histories: mapped(chain.histories, (history) => history.filter(({ height }) => height <= tip)),
  }
}

function ofMethod(wanted: string, change: (result: Readonly<Record<string, unknown>>) => object) {
  return (method: string, outcome: Outcome): Outcome =>
    method === wanted && 'result' in outcome
      ? { result: change(outcome.result as Readonly<Record<string, unknown>>) }
      : outcome
}

function onlyChain(instead: Outcome) {
  return (method: string, outcome: Outcome): Outcome => (method.startsWith('blockchain.') ? instead : outcome)
}

const mapped = <Key, Value>(map: ReadonlyMap<Key, Value>, change: (value: Value) => Value): Map<Key, Value> =>
  new Map([...map].map(([key, value]) => [key, change(value)]))

/** Another hex digit at a place. */
const flipped = (hex: string, at: number): string =>
  hex.slice(0, at) + (Number.parseInt(hex[at]!, 16) ^ 1).toString(16) + hex.slice(at + 1)
