import type { Readiness } from './http/readyz.ts'
import type { NameSource } from './namecoin/source.ts'

/** Milliseconds after which a backend that says nothing counts as unready. Probes commonly wait longer. */
const READY_TIMEOUT_MS = 2_000

/**
 * The readiness of a gateway: that of where its .bit answers come from.
 * @param wallClock the time of day, milliseconds since 1970
 */
export function readinessOf(
  source: NameSource,
  timeout: (milliseconds: number) => AbortSignal,
  wallClock: () => number,
): Readiness {
  return async function readiness() {
    const state = await source.state(timeout(READY_TIMEOUT_MS))
    if (state.kind === 'unready') return { ready: false, code: state.code, detail: state.detail }
    const { height, time, assurance } = state.tip
    return {
      ready: true,
      ...(height === undefined ? {} : { height }),
      ...(time === undefined ? {} : { tipAge: Math.max(0, Math.round(wallClock() / 1000 - time)) }),
      ...(assurance === undefined ? {} : { assurance }),
    }
  }
}

/** The readiness of one that asks other gateways, from what queries have shown: nobody is asked only to find out. */
export const readinessOfOthers =
  (isAnyWorking: () => boolean): Readiness =>
  async () =>
    isAnyWorking() ? { ready: true } : { ready: false, code: 'network', detail: 'no gateway answers' }
