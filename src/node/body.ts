import type { Readable } from 'node:stream'

/** A request's body, or why there is none. */
export type BodyOutcome =
  | { readonly kind: 'body'; readonly body: Buffer }
  /** More than the limit: HTTP 413. */
  | { readonly kind: 'too-long' }
  /** Not complete in time: HTTP 408. */
  | { readonly kind: 'timeout' }
  /** Too many octets of other bodies are being received: HTTP 503. */
  | { readonly kind: 'overloaded' }
  /** The client went away: nobody is left to answer. */
  | { readonly kind: 'aborted' }

/** Receives bodies, all of them together within one budget. */
export type BodyReader = (stream: Readable, declaredLength: string | undefined) => Promise<BodyOutcome>

/** Limits of `createBodyReader`, in octets and milliseconds. */
export interface BodyLimits {
  readonly maxBodyLength: number
  readonly maxBodiesLength: number
  readonly requestTimeoutMs: number
}

/**
 * Makes a reader of bodies. Attack: a hundred streams on each of ten thousand connections, each sending all of a
 * body but its last octet, would hold 65 GB; the budget is what they share.
 */
export function createBodyReader(limits: BodyLimits): BodyReader {
  let receiving = 0
  return function readBody(stream, declaredLength) {
    if (Number(declaredLength) > limits.maxBodyLength) return Promise.resolve({ kind: 'too-long' })
    return new Promise((resolve) => {
      const chunks: Buffer[] = []
      let length = 0
      const timer = setTimeout(() => settle({ kind: 'timeout' }), limits.requestTimeoutMs)

      const settle = (outcome: BodyOutcome): void => {
        clearTimeout(timer)
        stream.off('data', onData).off('end', onEnd).off('close', onGone).off('aborted', onGone)
        receiving -= length
        length = 0
        resolve(outcome)
      }
      const onData = (chunk: Buffer): void => {
        length += chunk.length
        receiving += chunk.length
        chunks.push(chunk)
        if (length > limits.maxBodyLength) settle({ kind: 'too-long' })
        else if (receiving > limits.maxBodiesLength) settle({ kind: 'overloaded' })
      }
      const onEnd = (): void =>
        settle({ kind: 'body', body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) })
      const onGone = (): void => settle({ kind: 'aborted' })

      stream.on('data', onData).on('end', onEnd).on('close', onGone).on('aborted', onGone)
    })
  }
}
