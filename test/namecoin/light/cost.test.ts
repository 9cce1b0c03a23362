import { expect, test } from 'vitest'
import { scriptHash } from '../../../src/namecoin/chain/name-script.ts'
import { NETWORKS } from '../../../src/namecoin/chain/network.ts'
import { selectUpdate } from '../../../src/namecoin/chain/selection.ts'
import { proveByChain } from '../../../src/namecoin/chain/value-proof.ts'
import { readMessage } from '../../../src/namecoin/electrum/message.ts'
import { readValueProof } from '../../../src/namecoin/electrum/replies.ts'
import { chainOf, liar, recorded143 } from '../../servers/electrumx.ts'
import { sha256 as nativeSha256 } from '../../servers/electrumx-chain.ts'
import { recordedServer, syncedWorld } from './light-world.ts'

const sha256 = (octets: Uint8Array): Uint8Array => new Uint8Array(nativeSha256(octets))
const LOOKUPS = 500

/**
 * What a lookup costs besides sockets: the replies of two servers, read, checked and judged. Printed, not asserted: no
 * test depends on how busy the machine is. In workerd the clock stands still between events outside of tests, so this
 * is where its figure comes from.
 */
test('what a lookup costs this runtime is printed', async () => {
  const { keeper } = await syncedWorld([recordedServer, { ...recordedServer, operator: 'another' }])
  const state = keeper.state()
  if (state.kind !== 'synced') throw new Error(state.kind)
  const name = new TextEncoder().encode('d/jordia65')
  const scripthash = scriptHash(sha256, name)
  const outcome = liar(chainOf(recorded143))('blockchain.name.get_value_proof', [scripthash, 196])
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, ...outcome })

  const lookUp = () => {
    const updates = [text, text].flatMap((reply) => {
      const message = readMessage(reply)
      if (message.kind !== 'reply' || message.reply.kind !== 'result') throw new Error('no reply')
      return readValueProof(message.reply.result, scripthash)!.map(({ height, transaction, proof }) => {
        const proven = proveByChain(sha256, state.chain, { name, height, transaction, ...proof })
        if (proven.kind !== 'proven') throw new Error(proven.code)
        return proven.update
      })
    })
    return selectUpdate(NETWORKS.regtest, updates, state.chain.tip.height)
  }
  expect(lookUp().kind).toBe('found')
  for (let lookup = 0; lookup < LOOKUPS; lookup++) lookUp()
  const start = performance.now()
  for (let lookup = 0; lookup < LOOKUPS; lookup++) lookUp()
  const each = (performance.now() - start) / LOOKUPS
  const runtime = globalThis.navigator?.userAgent ?? 'Node'
  console.log(
    `${runtime}: ${each.toFixed(3)} ms for a lookup at two servers, ${text.length} octets each (at most 5 in workerd)`,
  )
})
