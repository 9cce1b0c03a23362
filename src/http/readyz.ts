import type { Handler } from 'hono'
import { version } from '../version.ts'

/** Whether the gateway can be sent clients. Never rejects. */
export type Readiness = () => Promise<ReadyReport>

export type ReadyReport =
  /**
   * A backend can be used; with the newest block's height and age in seconds, where the backend has a chain, and
   * whether they are proven, where it proves what it says.
   */
  | {
      readonly ready: true
      readonly height?: number
      readonly tipAge?: number
      readonly assurance?: 'proven' | 'attested'
    }
  /** No backend can: a stable code, and a line for people. */
  | { readonly ready: false; readonly code: string; readonly detail: string }

/** Seconds after which a probe may ask again. */
const RETRY_AFTER_SECONDS = '5'

/** `/readyz`: 200 when a backend can be used, 503 otherwise; JSON either way, which any page may read. */
export function readyz(readiness: Readiness): Handler {
  return async function readyz(c) {
    const report = await readiness()
    const body = { ...report, version }
    return report.ready
      ? c.json(body, 200, { 'cache-control': 'no-store' })
      : c.json(body, 503, { 'cache-control': 'no-store', 'retry-after': RETRY_AFTER_SECONDS })
  }
}
