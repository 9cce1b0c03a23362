import { createHash } from 'node:crypto'

/**
 * A chain as an ElectrumX has it, as plain data: forks, lies and attacks are made by changing the data. Hex and JSON as
 * they stand in replies, so hashes are reversed.
 */
export interface ChainData {
  /** Full headers by height, AuxPoW included. */
  readonly headers: readonly string[]
  /** Updates by scripthash, oldest first. */
  readonly histories: ReadonlyMap<string, readonly HistoryItem[]>
  /** By txid. */
  readonly transactions: ReadonlyMap<string, string>
  /** Replies to `get_merkle` by txid. */
  readonly branches: ReadonlyMap<string, Branch>
  /** Blocks until a name expires: 30 on regtest. */
  readonly expiry: number
}

export interface HistoryItem {
  readonly tx_hash: string
  readonly height: number
}

export interface Branch {
  readonly block_height: number
  readonly merkle: readonly string[]
  readonly pos: number
}

/** Height of the newest block. */
export const tipOf = ({ headers }: ChainData): number => headers.length - 1

export const sha256 = (octets: Uint8Array): Buffer => createHash('sha256').update(octets).digest()
export const sha256d = (octets: Uint8Array): Buffer => sha256(sha256(octets))
/** A hash as it is displayed. */
export const display = (hash: Uint8Array): string => Buffer.from(hash).reverse().toString('hex')
const own = (displayed: string): Buffer => Buffer.from(displayed, 'hex').reverse()

/** Hash of a header, AuxPoW left out, as it is displayed. */
export const blockHash = (header: string): string =>
  display(sha256d(Buffer.from(header, 'hex').subarray(0, 80)))

/** A leaf's branch, deepest first, and the root: an odd level repeats its last. All as displayed. */
export function merkleBranch(
  leaves: readonly string[],
  position: number,
): { branch: string[]; root: string } {
  const branch: string[] = []
  let level = leaves.map(own)
  for (let index = position; level.length > 1; index >>= 1) {
    if (level.length % 2 === 1) level.push(level.at(-1)!)
    branch.push(display(level[index ^ 1]!))
    const above: Buffer[] = []
    for (let at = 0; at < level.length; at += 2)
      above.push(sha256d(Buffer.concat([level[at]!, level[at + 1]!])))
    level = above
  }
  return { branch, root: display(level[0]!) }
}

/** `blockchain.block.header [height, checkpoint]` */
export function headerProof({ headers }: ChainData, height: number, checkpoint: number) {
  const { branch, root } = merkleBranch(headers.slice(0, checkpoint + 1).map(blockHash), height)
  return { branch, header: headers[height]!.slice(0, 160), root }
}

/** A status: null when there is no history. */
export function statusOf(history: readonly HistoryItem[]): string | null {
  if (history.length === 0) return null
  return sha256(Buffer.from(history.map(({ tx_hash, height }) => `${tx_hash}:${height}:`).join(''))).toString(
    'hex',
  )
}

/** `blockchain.name.get_value_proof`: newest first, down to the checkpoint or to where the name had expired. */
export function valueProof(chain: ChainData, scripthash: string, checkpoint: number) {
  const proof: object[] = []
  let above: number | undefined
  for (const { tx_hash, height } of [...(chain.histories.get(scripthash) ?? [])].reverse()) {
    if (above !== undefined && height < above - chain.expiry) break
    above = height
    const { merkle, pos } = chain.branches.get(tx_hash)!
    const entry = { height, tx: chain.transactions.get(tx_hash)!, tx_merkle: { merkle, pos } }
    if (height > checkpoint) {
      proof.push(entry)
      continue
    }
    proof.push({ ...entry, header: headerProof(chain, height, checkpoint) })
    break
  }
  return { [scripthash]: proof }
}

// Chains of one's own.

/** The script whose hash names are looked up by: `OP_NAME_UPDATE name "" OP_2DROP OP_DROP OP_RETURN`. */
export const nameScripthash = (name: string): string =>
  display(sha256(Buffer.concat([Buffer.of(0x53), push(Buffer.from(name)), Buffer.of(0, 0x6d, 0x75, 0x6a)])))

/**
 * A transaction with one input from nowhere and a NAME_UPDATE; `salt` tells one from another, `padding` is how many
 * octets of something else there are in another output.
 */
export function nameUpdate(name: string, value: string, salt = 0, padding = 0): string {
  const script = Buffer.concat([
    Buffer.of(0x53),
    push(Buffer.from(name)),
    push(Buffer.from(value)),
    Buffer.of(0x6d, 0x75, 0x51),
  ])
  return Buffer.concat([
    uint32(0x7100),
    Buffer.of(1),
    Buffer.alloc(32, 0x11),
    uint32(salt),
    Buffer.of(0),
    uint32(0xffff_ffff),
    Buffer.of(padding === 0 ? 1 : 2),
    Buffer.from('40420f0000000000', 'hex'),
    compactSize(script.length),
    script,
    ...(padding === 0 ? [] : [Buffer.alloc(8), compactSize(padding), Buffer.alloc(padding, 0x6a)]),
    uint32(0),
  ]).toString('hex')
}

/** Another block's worth of updates: transactions by the name they update. */
export type BlockUpdates = readonly { readonly name: string; readonly transaction: string }[]

/** Seconds from block to block. */
const SPACING = 600

/**
 * Mines blocks on top of a chain, regtest's way: without AuxPoW, chain id 1, any hash below 2^255. Every block has a
 * coinbase of its own, so `salt` makes forks.
 *
 * @param above height of the last block to keep; blocks after it, and what was in them, are gone
 */
export function mine(
  chain: ChainData,
  blocks: readonly BlockUpdates[],
  above: number = tipOf(chain),
  salt = 0,
): ChainData {
  const headers = chain.headers.slice(0, above + 1)
  const histories = new Map(
    [...chain.histories].map(([key, items]) => [key, items.filter(({ height }) => height <= above)]),
  )
  const transactions = new Map(chain.transactions)
  const branches = new Map(chain.branches)
  for (const updates of blocks) {
    const height = headers.length
    const coinbase = display(sha256d(Buffer.from(`coinbase ${height} ${salt}`)))
    const txids = [coinbase, ...updates.map(({ transaction }) => txidOf(transaction))]
    for (const [index, { name, transaction }] of updates.entries()) {
      const txid = txids[index + 1]!
      const { branch } = merkleBranch(txids, index + 1)
      transactions.set(txid, transaction)
      branches.set(txid, { block_height: height, merkle: branch, pos: index + 1 })
      const key = nameScripthash(name)
      histories.set(key, [...(histories.get(key) ?? []), { tx_hash: txid, height }])
    }
    headers.push(mineHeader(headers.at(-1)!, merkleBranch(txids, 0).root))
  }
  return { ...chain, headers, histories, transactions, branches }
}

/** Of a transaction without witness. */
export const txidOf = (transaction: string): string => display(sha256d(Buffer.from(transaction, 'hex')))

/** Version 4, chain id 1, no AuxPoW. */
const VERSION = 0x0001_0004

function mineHeader(previous: string, root: string): string {
  const header = Buffer.concat([
    uint32(VERSION),
    own(blockHash(previous)),
    own(root),
    uint32(Buffer.from(previous, 'hex').readUInt32LE(68) + SPACING),
    uint32(0x207f_ffff),
    uint32(0),
  ])
  for (let nonce = 0; ; nonce++) {
    header.writeUInt32LE(nonce, 76)
    if (sha256d(header)[31]! < 0x80) return header.toString('hex')
  }
}

function uint32(value: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeUInt32LE(value)
  return octets
}

function compactSize(size: number): Buffer {
  if (size < 0xfd) return Buffer.of(size)
  return size <= 0xffff
    ? Buffer.of(0xfd, size & 0xff, size >> 8)
    : Buffer.concat([Buffer.of(0xfe), uint32(size)])
}

function push(octets: Buffer): Buffer {
  if (octets.length < 0x4c) return Buffer.concat([Buffer.of(octets.length), octets])
  if (octets.length <= 0xff) return Buffer.concat([Buffer.of(0x4c, octets.length), octets])
  return Buffer.concat([Buffer.of(0x4d, octets.length & 0xff, octets.length >> 8), octets])
}
