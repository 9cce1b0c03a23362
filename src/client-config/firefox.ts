import { type ClientConfig, type Gateways, onlyTheFirst } from './gateway.ts'

/** Without it Firefox sends a typed `example.bit` to the search engine: `.bit` is no suffix that it knows. */
const KNOWN_SUFFIX = 'browser.fixup.domainsuffixwhitelist.bit'

/** TRR only: no question goes to any other resolver. */
const TRR_ONLY = 3

/**
 * Firefox's enterprise policies. `Fallback: false` is what makes it mode 3; nothing is locked, so people can change it.
 * @see https://mozilla.github.io/policy-templates/#dnsoverhttps
 */
export function firefoxPolicies(gateways: Gateways): ClientConfig {
  const policies = {
    DNSOverHTTPS: { Enabled: true, ProviderURL: gateways[0].url, Fallback: false },
    Preferences: { [KNOWN_SUFFIX]: { Value: true, Status: 'default' } },
  }
  return {
    fileName: 'policies.json',
    text: `${JSON.stringify({ policies }, undefined, 2)}\n`,
    notes: [
      'Goes to /etc/firefox/policies/ on Linux, into the folder distribution beside firefox.exe on Windows, into ' +
        'Firefox.app/Contents/Resources/distribution/ on macOS. It counts from the next start.',
      ...onlyTheFirst('Firefox', gateways),
    ],
  }
}

/** The same for one profile. `custom_uri` is what Firefox's settings page shows. */
export function firefoxUserJs(gateways: Gateways): ClientConfig {
  const { url } = gateways[0]
  const preferences = {
    'network.trr.mode': TRR_ONLY,
    'network.trr.uri': url,
    'network.trr.custom_uri': url,
    [KNOWN_SUFFIX]: true,
  }
  const lines = Object.entries(preferences).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  )
  return {
    fileName: 'user.js',
    text: lines.join(''),
    notes: [
      'Goes into the profile folder, which about:support opens. It counts from the next start, and again at every one.',
      ...onlyTheFirst('Firefox', gateways),
    ],
  }
}
