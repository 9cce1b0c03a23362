import type { Evidence } from '../chain/value-proof.ts'
import { ErrorCode, type Failed, failed, type ServerError } from '../electrum/failure.ts'
import { hasValueProof } from '../electrum/negotiation.ts'
import { getHistory, getTransaction, getTransactionProof, getValueProof } from '../electrum/requests.ts'
import type { Session } from '../electrum/session.ts'

/** What one server says of one name. Nothing in it is proven yet. */
export interface Testimony {
  readonly kind: 'testimony'
  /**
   * Updates with what is to prove them, newest first: the newest one at the checkpoint or below, and younger ones. None
   * for a name that the server says never existed.
   */
  readonly updates: readonly Evidence[]
}

/** What is asked. */
export interface Asking {
  /** The name's octets. */
  readonly name: Uint8Array
  readonly scripthash: string
  /** The height down to which updates are wanted: the newest one there has enough confirmations. */
  readonly checkpoint: number
}

/**
 * Updates above the checkpoint that are looked at. A name is renewed twice a year; whoever updates it more often than
 * this within two hours waits for confirmations.
 */
const MAX_YOUNG_UPDATES = 4

/**
 * Asks one server for a name's newest updates: in one round trip where it has `get_value_proof`, in two, pipelined,
 * where it does not (light-client.md §5: ElectrumX before 1.17).
 */
export async function askForName(
  session: Session,
  asking: Asking,
  signal: AbortSignal,
): Promise<Testimony | Failed> {
  const info = await session.connect(signal)
  if ('kind' in info) return info
  return hasValueProof(info.protocol)
    ? byValueProof(session, asking, signal)
    : byHistory(session, asking, signal)
}

async function byValueProof(
  session: Session,
  asking: Asking,
  signal: AbortSignal,
): Promise<Testimony | Failed> {
  const answer = await getValueProof(session, asking.scripthash, asking.checkpoint, signal)
  // A server that says it has the version with the method and then has not: there is the other way.
  if (answer.kind === 'error' && answer.code === ErrorCode.unknownMethod)
    return byHistory(session, asking, signal)
  if (answer.kind !== 'result') return asFailure(answer)
  const updates = answer.result.map(({ height, transaction, proof, header }): Evidence => {
    const { branch, position } = proof
    const evidence = { name: asking.name, height, transaction, branch, position }
    return header === undefined
      ? evidence
      : { ...evidence, header: header.header, headerBranch: header.branch }
  })
  return { kind: 'testimony', updates: relevant(updates, asking.checkpoint) }
}

async function byHistory(session: Session, asking: Asking, signal: AbortSignal): Promise<Testimony | Failed> {
  const history = await getHistory(session, asking.scripthash, signal)
  if (history.kind !== 'result') return asFailure(history)
  // Height 0 and below: not in a block.
  const newestFirst = history.result.filter(({ height }) => height > 0).toReversed()
  const updates = await Promise.all(
    relevant(newestFirst, asking.checkpoint).map(async ({ txid, height }): Promise<Evidence | Failed> => {
      const [transaction, proof] = await Promise.all([
        getTransaction(session, txid, signal),
        getTransactionProof(session, txid, height, signal),
      ])
      if (transaction.kind !== 'result') return asFailure(transaction)
      if (proof.kind !== 'result') return asFailure(proof)
      return { name: asking.name, height, transaction: transaction.result, ...proof.result }
    }),
  )
  const failure = updates.find((update) => 'kind' in update)
  return failure ?? { kind: 'testimony', updates: updates as Evidence[] }
}

const asFailure = (answer: Failed | ServerError): Failed =>
  answer.kind === 'failed' ? answer : failed('network', answer.message)

/** The newest entry at the checkpoint or below, and the few above it; newest first. */
function relevant<Entry extends { readonly height: number }>(
  newestFirst: readonly Entry[],
  checkpoint: number,
): readonly Entry[] {
  const mature = newestFirst.findIndex(({ height }) => height <= checkpoint)
  const end = mature === -1 ? newestFirst.length : mature + 1
  return newestFirst.slice(Math.max(0, end - 1 - MAX_YOUNG_UPDATES), end)
}
