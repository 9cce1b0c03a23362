import { type DomainObject, UNNAMED, WILDCARD } from './domain.ts'
import type { Reference } from './import.ts'
import { first, remember, type Sequence } from './lazy.ts'
import { type Effort, MAX_FETCHES, MAX_IMPORTS, type Reader, StoppedWalk, spendSteps } from './read.ts'
import type { Value } from './value.ts'

/**
 * One place in a domain: a stack of objects of which the upper ones hide what is in the lower ones. The object itself
 * is on top, then what it imports, in order, then what stands under `map[""]` (namecoin-values §3).
 *
 * Layers are found when they are needed: to know an item, every layer above it must be known, and none below.
 * All methods reject with `UnreachableName` when a name that is needed could not be asked for, and with `OutOfSteps`
 * when the query may cost no more.
 */
export interface Node {
  /** Whether there is anything here, be it an empty object. */
  exists(): Promise<boolean>
  /** The uppermost layer that has one of these items; null counts as having it, for null occludes. */
  layerWith(...keys: readonly string[]): Promise<ReadonlyMap<string, Value> | undefined>
  /** The item in the uppermost layer that has it; undefined when none has, or it is null there. */
  item(key: string): Promise<Value | undefined>
  /**
   * The place one label below. It need not exist.
   * @param last gives an object that lies below all layers of this place; asked only if none of them decides
   */
  child(label: string, last?: () => Promise<DomainObject | undefined>): Node
  /** The layers but those from `map[""]`: what another name imports from here. */
  readonly importable: Sequence<DomainObject>
}

/** Imports inside imports (namecoin-values §3; ifa-0001 asks for four at least). */
export const MAX_IMPORT_CHAIN = 8

/** What it costs to make a place, in steps: attacks name a hundred servers, each with a place of its own. */
const STEPS_OF_A_PLACE = 3

/**
 * What became of the imports at one place. The same import twice adds nothing: the first one hides the second.
 */
type Visited = Map<string, 'followed' | 'failed'>

/** What it takes to find layers. */
export interface Finder {
  readonly read: Reader
  readonly effort: Effort
  /** Told of every import that failed, and why; undefined when nobody listens. */
  readonly report: ((item: string, reason: string) => void) | undefined
}

/** A value that is needed could not be asked for. It leaves the walk at once, and `lookup` makes an answer of it. */
export class UnreachableName extends StoppedWalk {
  readonly namecoinName: string
  constructor(namecoinName: string) {
    super(`${namecoinName} could not be asked for`)
    this.namecoinName = namecoinName
  }
}

/** The place at the root of a value. */
export const rootNode = (object: DomainObject, finder: Finder): Node => createNode(only(object), [], finder)

/** The same place with nothing below it: what a wildcard is to names more than one label down (RFC 4592 §3.3.1). */
export const withoutChildren = (node: Node, finder: Finder): Node => ({
  ...node,
  child: () => createNode(nothing, [], finder),
})

/**
 * @param objects the objects found at this place, before any import is followed
 * @param chain the imports that lead to this place while a selector is being followed; empty on the way of the query
 */
function createNode(objects: Sequence<DomainObject>, chain: readonly string[], finder: Finder): Node {
  const visited: Visited = new Map()
  const onStep = () => spendSteps(finder.effort, 1)
  const expand = (unexpanded: Sequence<DomainObject>) =>
    remember(async function* () {
      for await (const object of unexpanded()) yield* layersOf(object, visited, chain, finder)
    }, onStep)
  const importable = expand(objects)
  const layers = remember(() => withUnnamed(importable, expand), onStep)

  async function layerWith(...keys: readonly string[]) {
    for await (const { items } of layers()) if (keys.some((key) => items.has(key))) return items
    return undefined
  }
  return {
    importable,
    layerWith,
    exists: async () => (await first(layers)) !== undefined,
    item: async (key) => (await layerWith(key))?.get(key) ?? undefined,
    child(label, last) {
      spendSteps(finder.effort, STEPS_OF_A_PLACE)
      const above = last === undefined ? layers : followedBy(layers, last)
      return createNode(
        remember(() => childrenOf(above, label), onStep),
        chain,
        finder,
      )
    },
  }
}

/**
 * The layers, then the objects under their `map[""]`, then those under the `map[""]` of these. It ends: each round
 * goes deeper into a value or follows an import not followed here before.
 */
async function* withUnnamed(
  importable: Sequence<DomainObject>,
  expand: (objects: Sequence<DomainObject>) => Sequence<DomainObject>,
): AsyncGenerator<DomainObject> {
  for (let round = importable; (await first(round)) !== undefined; ) {
    yield* round()
    const above = round
    round = expand(() => childrenOf(above, UNNAMED))
  }
}

/** An object and all it imports, or what it delegates to alone. */
async function* layersOf(
  object: DomainObject,
  visited: Visited,
  chain: readonly string[],
  finder: Finder,
): AsyncGenerator<DomainObject> {
  if (object.delegate !== undefined) {
    const layers = await follow('delegate', object.delegate, visited, chain, finder)
    if (layers !== undefined) {
      yield* layers()
      return
    }
  }
  // On its way up the object passes through every import that led to it.
  spendSteps(finder.effort, 1 + chain.length)
  yield object
  for (const reference of object.imports) {
    const layers = await follow('import', reference, visited, chain, finder)
    if (layers !== undefined) yield* layers()
  }
}

const TOO_LONG_A_CHAIN = `more than ${MAX_IMPORT_CHAIN} imports inside one another`
const TOO_MANY_IMPORTS = `more than ${MAX_IMPORTS} imports`
const TOO_MANY_NAMES = `more than ${MAX_FETCHES} names`

/** What a reference brings, or undefined when it fails: it leads in a circle, costs too much, or to nothing. */
async function follow(
  item: 'import' | 'delegate',
  { name, selector, link }: Reference,
  visited: Visited,
  chain: readonly string[],
  finder: Finder,
): Promise<Sequence<DomainObject> | undefined> {
  const { read, effort, report } = finder
  const fail = (reason: string): undefined => {
    report?.(item, `${JSON.stringify([name, selector])}: ${reason}`)
  }
  const refuse = (reason: string): undefined => {
    effort.refused++
    return fail(reason)
  }

  spendSteps(effort, 1)
  if (chain.includes(link)) return fail('leads back to itself')
  const earlier = visited.get(link)
  if (earlier !== undefined) return earlier === 'followed' ? nothing : undefined
  if (chain.length >= MAX_IMPORT_CHAIN) return refuse(TOO_LONG_A_CHAIN)
  if (effort.imports >= MAX_IMPORTS) return refuse(TOO_MANY_IMPORTS)
  visited.set(link, 'failed')
  effort.imports++

  const value = await read(name)
  if (value.kind === 'unreachable') throw new UnreachableName(name)
  if (value.kind === 'exhausted') return refuse(TOO_MANY_NAMES)
  if (value.kind !== 'object') return fail(value.kind)
  const longer = [...chain, link]
  const selected =
    selector === '' ? undefined : await select(createNode(only(value.object), longer, finder), selector)
  if (selector !== '' && selected === undefined) return fail('has no such subdomain')
  visited.set(link, 'followed')
  return selected?.importable ?? (() => layersOf(value.object, visited, longer, finder))
}

/** The place a Subdomain Selector means: label by label from the right, `*` where a label is missing (ifa-0001). */
async function select(root: Node, selector: string): Promise<Node | undefined> {
  let node = root
  for (const label of selector.split('.').reverse()) {
    // An empty label would mean map[""], which is no subdomain.
    if (label === '') return undefined
    const exact = node.child(label)
    node = (await exact.exists()) ? exact : node.child(WILDCARD)
    if (!(await node.exists())) return undefined
  }
  return node
}

/** The objects for one label in the maps of all layers, down to the first layer where the label or the map is null. */
async function* childrenOf(layers: Sequence<DomainObject>, label: string): AsyncGenerator<DomainObject> {
  for await (const { children } of layers()) {
    if (children === null) return
    const child = children?.get(label)
    if (child === null) return
    if (child !== undefined) yield child
  }
}

async function* nothing(): AsyncGenerator<never> {}

const only = (object: DomainObject): Sequence<DomainObject> =>
  async function* () {
    yield object
  }

const followedBy = (
  layers: Sequence<DomainObject>,
  last: () => Promise<DomainObject | undefined>,
): Sequence<DomainObject> =>
  async function* () {
    yield* layers()
    const object = await last()
    if (object !== undefined) yield object
  }
