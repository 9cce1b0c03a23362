import type { ClientConfig, Gateways } from './gateway.ts'

/**
 * A policy for Chrome, Chromium, Edge and Brave. All templates are tried; with `{?dns}` they ask with GET.
 * @see https://chromeenterprise.google/policies/#DnsOverHttpsTemplates
 */
export function chromePolicy(gateways: Gateways): ClientConfig {
  const policy = {
    DnsOverHttpsMode: 'secure',
    DnsOverHttpsTemplates: gateways.map(({ url }) => `${url}{?dns}`).join(' '),
  }
  return {
    fileName: 'bitdoh.json',
    text: `${JSON.stringify(policy, undefined, 2)}\n`,
    notes: [
      'On Linux it goes to /etc/opt/chrome/policies/managed/ (Chromium: /etc/chromium/policies/managed/, Edge: ' +
        '/etc/opt/edge/policies/managed/, Brave: /etc/brave/policies/managed/); on Windows and macOS set the same two ' +
        'policies in the registry or a profile.',
      'Type .bit names with http:// in front or a / behind, otherwise they go to the search engine.',
    ],
  }
}
