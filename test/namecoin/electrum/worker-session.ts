import { expect } from 'vitest'
import { type WorkerSocketOptions, workerChannels } from '../../../src/cloudflare/electrum-sockets.ts'
import { runtimeTimer } from '../../../src/namecoin/deadline.ts'
import { parseAddress } from '../../../src/namecoin/electrum/address.ts'
import { getBlockHeaders, getTip, getValueProof } from '../../../src/namecoin/electrum/requests.ts'
import { electrumSession, type Session } from '../../../src/namecoin/electrum/session.ts'
import { unboundedSlots } from '../../../src/namecoin/slots.ts'
import { nameScripthash } from '../../servers/electrumx-chain.ts'
import { never } from '../clock.ts'
import { GENESIS } from './genesis.ts'

/** A session as Workers have it, over the ways to the network that a test gives. */
export function sessionTo(address: string, options: Partial<WorkerSocketOptions>): Session {
  return electrumSession({
    address: parseAddress(address)!,
    open: workerChannels({
      connect: () => expect.unreachable(),
      fetch: () => expect.unreachable(),
      ...options,
    }),
    genesis: GENESIS,
    timer: runtimeTimer,
    now: () => performance.now(),
    random: () => 0,
    slots: unboundedSlots,
  })
}

/** That a server with the recorded chain is understood, long replies and short ones at once. */
export async function expectAnswers(session: Session): Promise<void> {
  const name = nameScripthash('d/jordia65')
  const [tip, proof, headers] = await Promise.all([
    getTip(session, never),
    getValueProof(session, name, 195, never),
    getBlockHeaders(session, 0, 208, never),
  ])
  expect(tip).toMatchObject({ kind: 'result', result: { height: 207 } })
  expect(proof).toMatchObject({ kind: 'result', result: [{ height: 194 }] })
  expect(headers).toMatchObject({ kind: 'result', result: { count: 208 } })
}
