import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { has } from '../node/tools.ts'
import { signWithLdns, startNsd, zoneText } from '../servers/nameservers.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { canMakeNamespaces, makeNamespace, type Namespace } from './namespace.ts'
import { newFile, succeed } from './program.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** What is not on this machine. */
const missing = [
  ...['/usr/sbin/nsd', '/usr/bin/ldns-signzone'].filter((path) => !existsSync(path)),
  ...['kdig', 'dig', 'curl'].filter((program) => !has(program)),
  ...(canMakeNamespaces() ? [] : ['network namespaces']),
]
const without = missing.length > 0 ? `; without ${missing.join(', ')}` : ''

/** In a network of their own, where port 53 is free: the real gateway, NSD, and clients that we did not write. */
describe.skipIf(missing.length > 0)(
  `delegations (needs nsd, ldnsutils, kdig, dig, curl, namespaces${without})`,
  () => {
    let network: Namespace
    let gateway: Gateway
    let strict: Gateway

    beforeAll(async () => {
      network = await makeNamespace()
      const { prefix } = network
      const zone = (name: string) => ({
        name,
        text: zoneText(name, 'ns1', 'ns1 A 127.0.0.53', 'www A 127.0.0.1', 'other A 192.0.2.1'),
      })
      const signed = await signWithLdns(zone('signed.bit'))
      const tampered = await signWithLdns(zone('tampered.bit'))
      await startNsd(
        [signed, { ...tampered, text: tampered.text.replace('192.0.2.1', '6.6.6.6') }, zone('plain.bit')],
        { address: '127.0.0.53', port: 53, prefix },
      )
      // At the second address nobody listens.
      const map = { ns1: { ip: '127.0.0.53' }, ns2: { ip: '127.0.0.54' } }
      const names = newFile(
        'names.json',
        JSON.stringify({
          'd/signed': { ns: ['ns1', 'ns2'], map, ds: [signed.ds] },
          'd/tampered': { ns: ['ns1', 'ns2'], map, ds: [tampered.ds] },
          'd/plain': { ns: ['ns1', 'ns2'], map },
        }),
      )
      const settings = ['--names', names, '--upstream', 'none']
      gateway = await startGateway([...settings, '--allow-private', '127.0.0.48/28'], { prefix })
      strict = await startGateway(settings, { prefix })
    })
    afterAll(() => network?.destroy())

    const dig = (client: 'kdig' | 'dig', { port, ca }: Gateway, ...words: string[]): Promise<string> =>
      succeed(
        client,
        ['@127.0.0.1', '-p', String(port), '+https', `+tls-ca=${ca}`, '+tls-hostname=localhost', ...words],
        { prefix: network.prefix },
      )

    it.each(['kdig', 'dig'] as const)('%s sees AD and the signature of a signed name', async (client) => {
      const text = await dig(client, gateway, '+dnssec', 'www.signed.bit')
      expect(text).toMatch(/flags: qr rd ra ad;/i)
      expect(text).toMatch(/^www\.signed\.bit\.\s+300\s+IN\s+A\s+127\.0\.0\.1$/m)
      expect(text).toMatch(/^www\.signed\.bit\.\s+300\s+IN\s+RRSIG\s+A 13 3 300 /m)
      const absent = await dig(client, gateway, '+dnssec', 'no.signed.bit')
      expect(absent).toMatch(/status: NXDOMAIN/)
      expect(absent).toMatch(/flags: qr rd ra ad;/i)
      expect(absent).toMatch(/^\S+\s+60\s+IN\s+NSEC\s/m)
    })

    it.each(['kdig', 'dig'] as const)('%s gets an unsigned name without AD', async (client) => {
      const text = await dig(client, gateway, '+dnssec', 'www.plain.bit')
      expect(text).toMatch(/flags: qr rd ra;/i)
      expect(text).toMatch(/^www\.plain\.bit\.\s+300\s+IN\s+A\s+127\.0\.0\.1$/m)
    })

    it.each(['kdig', 'dig'] as const)('%s gets SERVFAIL and the reason for a forged one', async (client) => {
      const text = await dig(client, gateway, '+dnssec', 'other.tampered.bit')
      expect(text).toMatch(/status: SERVFAIL/)
      expect(text).toMatch(/EDE: 6 \(DNSSEC Bogus\)/)
      expect(await dig(client, gateway, '+cd', 'other.tampered.bit')).toMatch(/\sA\s+6\.6\.6\.6/)
    })

    it('curl reaches a server by a delegated name', async () => {
      const { url, ca, port } = gateway
      const words = ['-sS', '--cacert', ca, '--doh-insecure', '--doh-url', url, '-k']
      const page = await succeed('curl', [...words, `https://www.signed.bit:${port}/healthz`], {
        prefix: network.prefix,
      })
      expect(page).toMatch(/ok/)
    })

    it('private addresses are not asked unless that is allowed', async () => {
      const text = await dig('kdig', strict, 'www.plain.bit')
      expect(text).toMatch(/status: SERVFAIL/)
      expect(text).toMatch(/not contacted/)
    })
  },
)
