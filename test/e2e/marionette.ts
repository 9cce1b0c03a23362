import type { Readable, Writable } from 'node:stream'

/**
 * Firefox's remote control. A message is its length in octets, a colon and JSON:
 * `[0, id, command, parameters]` there, `[1, id, error, result]` back.
 */
export interface Marionette {
  send(command: string, parameters?: object): Promise<unknown>
}

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

type Reply = readonly [kind: 1, id: number, error: { error: string; message: string } | null, result: unknown]

const COLON = 0x3a

/** Speaks Marionette over two streams; resolves once Firefox has greeted. */
export function speakMarionette(from: Readable, to: Writable): Promise<Marionette> {
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  const send: Marionette['send'] = (command, parameters = {}) =>
    new Promise((resolve, reject) => {
      const id = ++lastId
      waiting.set(id, { resolve, reject })
      const message = Buffer.from(JSON.stringify([0, id, command, parameters]))
      to.write(Buffer.concat([Buffer.from(`${message.length}:`), message]))
    })

  const settle = ([, id, error, result]: Reply): void => {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (error === null) asked?.resolve(result)
    else asked?.reject(new Error(`${error.error}: ${error.message}`))
  }

  return new Promise((greeted, refused) => {
    let received: Buffer = Buffer.alloc(0)
    from.on('data', (more: Buffer | string) => {
      received = Buffer.concat([received, Buffer.from(more)])
      for (let colon = received.indexOf(COLON); colon > 0; colon = received.indexOf(COLON)) {
        const end = colon + 1 + Number(received.toString('latin1', 0, colon))
        if (received.length < end) return
        const message: unknown = JSON.parse(received.toString('utf8', colon + 1, end))
        received = received.subarray(end)
        if (Array.isArray(message)) settle(message as unknown as Reply)
        else greeted({ send })
      }
    })
    from.on('close', () => {
      const error = new Error('Firefox has gone away')
      refused(error)
      for (const { reject } of waiting.values()) reject(error)
    })
  })
}
