/**
 * The gateway as a library: `createGateway(settings, source, runtime)` gives a hono app and a function from DNS
 * message to answer.
 */
export { createGateway, type Gateway, type Runtime } from './gateway.ts'
export { coreSource } from './namecoin/core.ts'
export { inOrder } from './namecoin/in-order.ts'
export { namesSource, parseNames } from './namecoin/names.ts'
export type { NameOutcome, NameSource, SourceState, Tip } from './namecoin/source.ts'
export { parseSettings, type Settings } from './settings/settings.ts'
