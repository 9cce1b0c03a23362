import { type Names, parseNames } from './names.ts'

/**
 * Names to try the gateway with, without a node and without a network: one for each thing a value can say. Addresses
 * are those set aside for documentation (RFC 5737, RFC 3849) or loopback.
 */
const demo = {
  // The name this project began with: both addresses must come back, in either order.
  'd/jordia65': { ip: ['192.0.2.10', '198.51.100.20'] },
  // Two servers on this machine: stop one and watch.
  'd/ha-demo': { ip: ['127.0.0.2', '127.0.0.3'] },
  'd/dual': { ip: '192.0.2.30', ip6: ['2001:db8::30', '2001:db8::31'] },
  // www.wild.bit is wild.bit; any other name below it has an address of its own.
  'd/wild': { ip: '192.0.2.40', map: { www: { alias: '@' }, '*': { ip: '192.0.2.41' } } },
  // Mail for mail.bit: MX is derived from SRV.
  'd/mail': {
    map: { _tcp: { map: { _smtp: { srv: [[10, 0, 25, 'mx.@']] } } }, mx: { ip: '192.0.2.50' } },
  },
  // The digest of the key that its HTTPS server must show (RFC 6698: 3 1 1).
  'd/secure': {
    ip: '192.0.2.60',
    map: { _tcp: { map: { _443: { tls: [[3, 1, 1, 'EjRWeJq83vZ4kBI0VniavN72eJASNFZ4mrze9niQEjQ=']] } } } },
  },
  // Says only what is its own; the rest is in a name of another namespace.
  'd/importer': { txt: 'addresses by import', import: 'dd/shared' },
  'dd/shared': { ip: ['203.0.113.1', '203.0.113.2'] },
  'd/text': { txt: ['hello from Namecoin', 'dnslink=/ipfs/example'] },
  // Everything below is up to the owner's own name servers.
  'd/delegated': { ns: ['ns1', 'ns2'], map: { ns1: { ip: '127.0.0.53' }, ns2: { ip: '127.0.0.54' } } },
}

/** The demo's names. */
export function demoNames(): Names {
  const names = parseNames(JSON.stringify(demo))
  if (names.kind === 'bad-names') throw new Error(names.detail)
  return names
}
