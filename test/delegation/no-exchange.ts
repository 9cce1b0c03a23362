import type { ServerExchange } from '../../src/delegation/exchange.ts'

/** Nameservers that nobody is to ask. */
export const noExchange: ServerExchange = {
  tcp: () => Promise.reject(new Error('a nameserver was asked')),
}
