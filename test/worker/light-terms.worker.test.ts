import { expect, test, vi } from 'vitest'
import { lightTerms } from '../../src/cloudflare/light-terms.ts'
import { formatAddress } from '../../src/namecoin/electrum/address.ts'
import { parseSettings } from '../../src/settings/settings.ts'
import { createWorker } from '../../src/worker.ts'

function termsOf(electrum: string) {
  const outcome = parseSettings({ variables: { BITDOH_ELECTRUM: electrum } })
  return outcome.kind === 'problem' ? outcome.line : lightTerms(outcome.settings)
}

test.each([
  'tcp://electrumx.example:50001',
  'tls://electrumx.example:50002',
  'ws://electrumx.example:50003',
  'wss://electrumx.example:50004',
  'wss://electrumx.example:443/electrumx',
  'tcp://192.0.2.1:50001',
  'tls://[2001:db8::1]:50002',
  'ws://127.0.0.1:50003',
  'ws://[::1]:50003',
])('%s is a server', (address) => {
  const terms = termsOf(address)
  expect(terms).toMatchObject({ servers: [{ operator: expect.any(String) }] })
  expect(typeof terms === 'string' ? [] : terms.servers.map(({ address }) => formatAddress(address))).toEqual(
    [address],
  )
})

test.each([
  [`wss://electrumx.example:50004#sha256=${'0'.repeat(64)}`, 'Workers cannot check a #sha256='],
  [`tls://electrumx.example:50002#sha256=${'0'.repeat(64)}`, 'Workers cannot check a #sha256='],
  ['wss://192.0.2.1:50004', 'Workers open WebSockets to host names only'],
  ['ws://[2001:db8::1]:50003', 'Workers open WebSockets to host names only'],
  ['tcp://electrumx.onion:50001', 'the address of a .onion name'],
  ['tls://relay.testls.bit:50002', 'the address of a .bit name'],
])('%s is refused, in one line that says why', async (address, why) => {
  const good = 'wss://electrumx.example:50004'
  expect(termsOf(`${good},${address}`)).toMatch(/^BITDOH_ELECTRUM: given "[^\n]*$/)
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const request = new Request('https://gateway.example/dns-query')
  const response = await createWorker().fetch(request, { BITDOH_ELECTRUM: `${good},${address}` })
  vi.restoreAllMocks()
  expect(response.status).toBe(503)
  const text = await response.text()
  expect(text).toContain(JSON.stringify(address))
  expect(text).toContain(why)
})

test('testnet is refused: its blocks of minimum difficulty would make liars of honest servers', () => {
  const outcome = parseSettings({
    variables: { BITDOH_NETWORK: 'testnet', BITDOH_ELECTRUM: 'wss://electrumx.example:50004' },
  })
  expect(outcome.kind === 'problem' ? outcome.line : lightTerms(outcome.settings)).toBe(
    'BITDOH_NETWORK: given "testnet", which the light client does not know',
  )
})
