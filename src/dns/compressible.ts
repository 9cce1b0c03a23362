import { type Name, nameLength, readName, skipName, writeName } from './name.ts'
import { Type } from './protocol.ts'

/** One piece of an RDATA layout: a name, a character string, so many octets, or all that is left. */
type Piece = 'name' | 'string' | 'rest' | number

/**
 * Where the names are in the RDATA of the types that may be compressed: those of RFC 1035 and, for receivers,
 * those of RFC 3597 §4. DNAME must not be compressed (RFC 6672 §2.5); some servers did it.
 */
const COMPRESSIBLE: ReadonlyMap<number, readonly Piece[]> = new Map<number, readonly Piece[]>([
  [Type.NS, ['name']],
  [3, ['name']], // MD
  [4, ['name']], // MF
  [Type.CNAME, ['name']],
  [Type.SOA, ['name', 'name', 20]],
  [7, ['name']], // MB
  [8, ['name']], // MG
  [9, ['name']], // MR
  [Type.PTR, ['name']],
  [14, ['name', 'name']], // MINFO
  [Type.MX, [2, 'name']],
  [Type.RP, ['name', 'name']],
  [Type.AFSDB, [2, 'name']],
  [21, [2, 'name']], // RT
  [Type.SIG, [18, 'name', 'rest']],
  [26, [2, 'name', 'name']], // PX
  [30, ['name', 'rest']], // NXT
  [Type.SRV, [6, 'name']],
  [Type.NAPTR, [4, 'string', 'string', 'string', 'name']],
  [36, [2, 'name']], // KX
  [Type.DNAME, ['name']],
])

/**
 * Whether RDATA with its names uncompressed is, from end to end, what its type says. Of types that must not be
 * compressed nothing is known here, and all passes.
 *
 * Attack: a SOA of two octets, or a CNAME of none, which whoever reads the message next refuses with all the rest.
 */
export function isWholeRdata(type: number, data: Uint8Array): boolean {
  let offset = 0
  for (const piece of COMPRESSIBLE.get(type) ?? ['rest']) {
    if (piece === 'rest') return true
    if (piece === 'name') offset = skipName(data, offset)
    else offset += piece === 'string' ? 1 + (data[offset] ?? 0) : piece
    if (offset === -1 || offset > data.length) return false
  }
  return offset === data.length
}

/** The offset behind the piece, or undefined when it goes past the end; a name is put into `names`. */
function passPiece(rdata: Uint8Array, start: number, piece: Piece, names: Name[]): number | undefined {
  if (piece === 'name') {
    const read = readName(rdata, start)
    if (read === undefined) return undefined
    names.push(read.name)
    return read.end
  }
  if (piece === 'rest') return rdata.length
  const end = start + (piece === 'string' ? 1 + (rdata[start] ?? 0) : piece)
  return end <= rdata.length ? end : undefined
}

/**
 * RDATA with its names uncompressed, or undefined when a name in it is malformed. What does not fit the type otherwise
 * stays as it is: see `isWholeRdata`.
 * @param upToRdata the message up to the end of this RDATA, so that no name can run into the next record
 */
export function standaloneRdata(type: number, upToRdata: Uint8Array, start: number): Uint8Array | undefined {
  const layout = COMPRESSIBLE.get(type)
  // Not slice: a Buffer would share its memory.
  if (layout === undefined || start === upToRdata.length) return Uint8Array.from(upToRdata.subarray(start))
  const parts: (Uint8Array | Name)[] = []
  let offset = start
  for (const piece of layout) {
    const names: Name[] = []
    const end = passPiece(upToRdata, offset, piece, names)
    if (end === undefined) return undefined
    parts.push(names[0] ?? upToRdata.subarray(offset, end))
    offset = end
  }
  parts.push(upToRdata.subarray(offset))
  return joinParts(parts)
}

function joinParts(parts: readonly (Uint8Array | Name)[]): Uint8Array {
  const isName = (part: Uint8Array | Name): part is Name => Array.isArray(part)
  const joined = new Uint8Array(
    parts.reduce((sum, part) => sum + (isName(part) ? nameLength(part) : part.length), 0),
  )
  let offset = 0
  for (const part of parts) {
    if (isName(part)) {
      offset = writeName(part, joined, offset)
    } else {
      joined.set(part, offset)
      offset += part.length
    }
  }
  return joined
}
