import type { Connections, DohRequest, DohServer, Reply } from './server.ts'

/** A server, and what it was sent and said. */
export interface Counted {
  readonly server: DohServer
  readonly requests: () => number
  readonly responses: () => number
  /** Requests since the last response that it could have responded to. */
  readonly silences: () => number
}

/** Counts what a server is sent and says. */
export function counted(server: DohServer): Counted {
  let requests = 0
  let responses = 0
  let silences = 0

  async function heard<Heard extends Reply | readonly Reply[]>(
    sent: number,
    replies: Promise<Heard>,
  ): Promise<Heard> {
    requests += sent
    const outcome = await replies
    for (const reply of [outcome].flat() as Reply[]) hear(reply)
    return outcome
  }
  function hear(reply: Reply): void {
    if (reply.kind === 'response') {
      responses += 1
      silences = 0
    } else if (reply.code !== 'unspoken' && reply.code !== 'unwanted') silences += 1
  }
  const own = ({ sendAtOnce, cancelAtOnce, stall }: Connections): Connections => ({
    sendAtOnce: (request, count) => heard(count, sendAtOnce(request, count)),
    cancelAtOnce: (request, count) => {
      requests += count
      return cancelAtOnce(request, count)
    },
    stall: (request, octets) => heard(1, stall(request, octets)),
  })
  const { connections } = server
  return {
    requests: () => requests,
    responses: () => responses,
    silences: () => silences,
    server: {
      send: (request: DohRequest) => heard(1, server.send(request)),
      ...(connections === undefined ? {} : { connections: own(connections) }),
    },
  }
}
