import {
  address,
  askedGateway,
  cidr,
  durationOrOff,
  electrumAddress,
  gatewayUrl,
  type Kind,
  oneOf,
  orNone,
  ownDohUrl,
  text,
  upstreamUrl,
  webUrl,
  wholeNumber,
} from './kinds.ts'

/** How one setting is given, read and explained. */
export interface Setting<Value> {
  readonly kind: Kind<Value>
  /** Whether it takes several values, in order. */
  readonly repeatable: boolean
  /** What holds when it is not given, as the user would write it; undefined when there is no such value. */
  readonly fallback: readonly string[] | undefined
  /** What the help says in place of a fallback that is not a plain value. */
  readonly otherwise?: string
  /** Whether a value may hold a password, which no error and no log may show. */
  readonly secret?: boolean
  /** What it is for, in one line. */
  readonly what: string
}

/** The upstream when none is set. There is no hidden second one. */
export const DEFAULT_UPSTREAM = 'https://cloudflare-dns.com/dns-query'

/** Gateways that may have to say the same: all of them are asked for every name. */
const MAX_AGREE = 16

/** Entries in each cache when `cache-entries` is not set. */
export const DEFAULT_CACHE_ENTRIES = 100_000

/** lru-cache reserves room for every entry when it starts: ten million take some 400 MB before the first query. */
export const MAX_CACHE_ENTRIES = 10_000_000

/**
 * All settings, in the order in which the help shows them. The flag, the variable and the TOML key come from the
 * name here: `cacheEntries` is `--cache-entries`, `BITDOH_CACHE_ENTRIES` and `cache-entries`.
 */
export const schema = {
  listen: {
    kind: address,
    repeatable: true,
    fallback: ['127.0.0.1:8443'],
    what: 'where to answer',
  },
  tls: {
    kind: oneOf('on', 'off'),
    repeatable: false,
    fallback: ['on'],
    what: 'off: plain HTTP/1.1 and cleartext HTTP/2, for use behind a proxy',
  },
  tlsCert: {
    kind: text('a PEM file'),
    repeatable: false,
    fallback: undefined,
    otherwise: 'a localhost certificate from a local CA, made once in the state folder',
    what: 'certificate chain, reread when it changes',
  },
  tlsKey: {
    kind: text('a PEM file'),
    repeatable: false,
    fallback: undefined,
    otherwise: "the local certificate's",
    what: "the certificate's private key, reread when it changes",
  },
  backend: {
    kind: oneOf('names', 'core', 'electrum', 'doh'),
    repeatable: true,
    fallback: undefined,
    otherwise: 'those that are configured: names, core, electrum, doh; electrum when none is',
    what: 'where .bit names are looked up, in this order',
  },
  names: {
    kind: text('a JSON file, or demo for the embedded names (on Workers: the JSON itself)'),
    repeatable: false,
    fallback: undefined,
    what: 'names and their values for backend names, reread when they change',
  },
  coreUrl: {
    kind: webUrl,
    repeatable: false,
    fallback: undefined,
    secret: true,
    what: "Namecoin Core's JSON-RPC, with or without user:password@",
  },
  coreCookie: {
    kind: text('a file'),
    repeatable: false,
    fallback: undefined,
    what: "Namecoin Core's cookie file, reread when it changes",
  },
  electrum: {
    kind: electrumAddress,
    repeatable: true,
    fallback: undefined,
    otherwise: 'the known public servers',
    what: 'ElectrumX servers for the light client; better several, of several operators',
  },
  gateway: {
    kind: askedGateway,
    repeatable: true,
    fallback: undefined,
    what: 'other gateways for backend doh, in this order; better several, of several operators',
  },
  agree: {
    kind: wholeNumber(1, MAX_AGREE),
    repeatable: false,
    fallback: ['1'],
    what: 'how many of them must say the same',
  },
  verify: {
    kind: oneOf('on', 'off'),
    repeatable: false,
    fallback: ['off'],
    what: 'on: gateways are believed only as far as they prove, against headers from the servers of electrum',
  },
  minConfirmations: {
    kind: wholeNumber(1, 1_000),
    repeatable: false,
    fallback: ['12'],
    what: 'how deep an update must be before the light client serves it',
  },
  maxTipAge: {
    kind: durationOrOff,
    repeatable: false,
    fallback: undefined,
    otherwise: '8h; off on regtest',
    what: 'without a newer block for so long the light client answers SERVFAIL',
  },
  checkpoint: {
    kind: text('a file made by bitdoh checkpoint'),
    repeatable: false,
    fallback: undefined,
    otherwise: 'the bundled one',
    what: 'the block that the light client trusts to begin with',
  },
  network: {
    kind: oneOf('mainnet', 'testnet', 'regtest'),
    repeatable: false,
    fallback: ['mainnet'],
    what: 'which Namecoin network',
  },
  upstream: {
    kind: orNone(upstreamUrl),
    repeatable: true,
    fallback: [DEFAULT_UPSTREAM],
    secret: true,
    what: 'resolvers for names outside .bit, with their addresses behind the #; none: they are refused',
  },
  upstreamSpread: {
    kind: oneOf('first', 'consistent'),
    repeatable: false,
    fallback: ['first'],
    what: 'first: upstreams in their order; consistent: by name, so that none of them sees all names',
  },
  privateAnswers: {
    kind: oneOf('allow', 'strip'),
    repeatable: false,
    fallback: ['allow'],
    what: 'private addresses in .bit answers',
  },
  allowPrivate: {
    kind: cidr,
    repeatable: true,
    fallback: undefined,
    what: 'private addresses that delegations, probes and the proxy may contact',
  },
  probe: {
    kind: oneOf('on', 'off'),
    repeatable: false,
    fallback: undefined,
    otherwise: 'on under Node, off on Workers',
    what: 'whether hosts of .bit names with several addresses are tried, and live ones come first in answers',
  },
  cacheEntries: {
    kind: wholeNumber(0, MAX_CACHE_ENTRIES),
    repeatable: false,
    fallback: [String(DEFAULT_CACHE_ENTRIES)],
    what: 'entries in each cache; 0 turns every cache off',
  },
  serveStale: {
    kind: durationOrOff,
    repeatable: false,
    fallback: ['1h'],
    what: 'how long after its time an answer may still be served, when no newer one can be had',
  },
  publicUrl: {
    kind: ownDohUrl,
    repeatable: false,
    fallback: undefined,
    what: 'where clients reach this gateway, for those that ask (DDR and RESINFO)',
  },
  siblings: {
    kind: gatewayUrl,
    repeatable: true,
    fallback: undefined,
    what: 'DoH URLs of the other gateways of this service, for the page and the client settings on it',
  },
  adminListen: {
    kind: address,
    repeatable: false,
    fallback: undefined,
    what: 'where to serve /metrics for Prometheus, and /readyz, over plain HTTP; not on Workers',
  },
  state: {
    kind: text('a folder'),
    repeatable: false,
    fallback: undefined,
    otherwise: "the platform's state folder",
    what: 'where the local CA and the headers are kept',
  },
} as const satisfies Record<string, Setting<unknown>>

type Schema = typeof schema
/** A setting's name in code: `cacheEntries`. */
export type SettingKey = keyof Schema

type ValueOf<Key extends SettingKey> = Schema[Key]['kind'] extends Kind<infer Value> ? Value : never
type Present<Key extends SettingKey> = Schema[Key]['repeatable'] extends true
  ? readonly ValueOf<Key>[]
  : ValueOf<Key>

/** The values as read, before what belongs together is checked; see `Settings` for what comes of them. */
export type ReadSettings = {
  readonly [Key in SettingKey]: Schema[Key]['fallback'] extends readonly string[]
    ? Present<Key>
    : Present<Key> | undefined
}

/** The settings' names in code, in the order of the schema. */
export const settingKeys = Object.keys(schema) as readonly SettingKey[]

/** A setting with its types forgotten, for code that treats all alike. */
export const settingOf = (key: SettingKey): Setting<unknown> => schema[key]

/** The setting's name for people, as a flag without dashes and as a TOML key: `cache-entries`. */
export const flagName = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** The variable's name: `BITDOH_CACHE_ENTRIES`. */
export const variableName = (key: string): string =>
  `BITDOH_${flagName(key).toUpperCase().replaceAll('-', '_')}`
