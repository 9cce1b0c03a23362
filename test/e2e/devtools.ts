import type { Readable, Writable } from 'node:stream'

/** Chromium's remote control over a pipe: JSON messages, each ended by a zero octet. */
export interface DevTools {
  /** @param session of the page the command is for; none for the browser itself */
  send<Result>(method: string, parameters?: object, session?: string): Promise<Result>
  /** The next event of this kind, from now on. */
  event(method: string): Promise<unknown>
  /** Is told of every event of this kind, from now on. */
  listen(method: string, listener: (parameters: unknown) => void): void
}

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

interface Message {
  readonly id?: number
  readonly error?: { readonly message: string }
  readonly result?: unknown
  readonly method?: string
  readonly params?: unknown
}

/** Speaks DevTools over two streams. */
export function speakDevTools(from: Readable, to: Writable): DevTools {
  const commands = new Map<number, Waiting>()
  const events = new Map<string, Waiting[]>()
  const listeners: (readonly [method: string, listener: (parameters: unknown) => void])[] = []
  let lastId = 0
  let received = ''

  const settle = ({ id, error, result, method, params }: Message): void => {
    if (id === undefined) {
      for (const { resolve } of events.get(method!) ?? []) resolve(params as never)
      events.delete(method!)
      for (const [heard, listener] of listeners) if (heard === method) listener(params)
      return
    }
    const asked = commands.get(id)
    commands.delete(id)
    if (error === undefined) asked?.resolve(result as never)
    else asked?.reject(new Error(error.message))
  }

  from.setEncoding('utf8').on('data', (more: string) => {
    const messages = (received + more).split('\0')
    received = messages.pop()!
    for (const message of messages) settle(JSON.parse(message) as Message)
  })
  from.on('close', () => {
    const error = new Error('Chromium has gone away')
    for (const { reject } of [...commands.values(), ...[...events.values()].flat()]) reject(error)
  })
  to.on('error', () => {})

  return {
    send: (method, params = {}, sessionId) =>
      new Promise((resolve, reject) => {
        const id = ++lastId
        commands.set(id, { resolve, reject })
        to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
      }),
    event: (method) =>
      new Promise((resolve, reject) => {
        events.set(method, [...(events.get(method) ?? []), { resolve, reject }])
      }),
    listen: (method, listener) => void listeners.push([method, listener]),
  }
}
