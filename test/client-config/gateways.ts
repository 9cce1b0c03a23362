import { expect } from 'vitest'
import { type Gateways, readGateway } from '../../src/client-config/gateway.ts'

/** Gateways from what people write. */
export function gateways(...texts: readonly string[]): Gateways {
  const [first, ...others] = texts.map((text) => {
    const gateway = readGateway(text)
    expect(gateway, text).toBeDefined()
    return gateway!
  })
  return [first!, ...others]
}

/** Two of different host names. */
export const TWO = gateways(
  'https://one.example/dns-query#192.0.2.1,2001:db8::1',
  'https://two.example:8443/dns-query{?dns}',
)
