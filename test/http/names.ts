/**
 * Names for the suite, with the very values of the recorded chain (`fixtures/namecoin-core-rpc.json`), so that it says
 * the same whether they come from a text or from Namecoin Core.
 */
export const NAMES: Readonly<Record<string, object | string>> = {
  'd/jordia65': { ip: ['192.0.2.10', '198.51.100.20'] },
  'd/dual': { ip: ['192.0.2.1', '192.0.2.2', '192.0.2.3'], ip6: ['2001:db8::1', '2001:db8::2'] },
  'd/single': { ip: '192.0.2.1' },
  'd/wild': { ip: '192.0.2.5', map: { '*': { ip: '192.0.2.6' }, www: { alias: '@' }, ftp: '192.0.2.7' } },
  'd/delegated': {
    ns: ['ns1', 'ns2.delegated.bit.'],
    map: { ns1: { ip: '127.0.0.53' }, ns2: { ip: '127.0.0.54' } },
  },
  'd/offsite': { alias: 'www.example.com.' },
  'd/notjson': 'hello, not json',
}
