import type { Name } from './name.ts'

/**
 * One resource record of class IN.
 *
 * @property name  the owner
 * @property type  see `Type`
 * @property ttl   seconds
 * @property data  RDATA as on the wire, with every name in it uncompressed
 */
export interface ResourceRecord {
  readonly name: Name
  readonly type: number
  readonly ttl: number
  readonly data: Uint8Array
}
