import type { Counts } from '../counts.ts'
import { rcodeName } from '../dns/protocol.ts'
import { version } from '../version.ts'
import type { ReadyReport } from './readyz.ts'

/** The media type of Prometheus' text format. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Numbers with their labels: `rcode="NOERROR"`, or none. */
type Samples = readonly (readonly [labels: string, value: number])[]

interface MetricsSources {
  readonly counts: Counts
  readonly state: ReadyReport
  /** What probing came to, by outcome, if there is any. */
  readonly probes: Readonly<Record<string, number>> | undefined
}

/**
 * All that is counted and measured, in Prometheus' text format. No label holds a name, an address or anything else of
 * a client's.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function metricsText({ counts, state, probes }: MetricsSources): string {
  const { answers, cache, upstream } = counts
  const tip = state.ready ? state : undefined
  return [
    metric('bitdoh_build_info', 'gauge', 'The version that runs.', [[label('version', version), 1]]),
    metric('bitdoh_ready', 'gauge', 'Whether .bit names can be looked up.', [['', state.ready ? 1 : 0]]),
    metric('bitdoh_tip_height', 'gauge', 'Height of the newest block.', known(tip?.height)),
    metric(
      'bitdoh_tip_age_seconds',
      'gauge',
      'Seconds since the newest block was mined.',
      known(tip?.tipAge),
    ),
    metric(
      'bitdoh_answers_total',
      'counter',
      'Answers given, by response code.',
      by(
        'rcode',
        [...answers].map(([rcode, count]) => [rcodeName(rcode), count]),
      ),
    ),
    metric(
      'bitdoh_cache_answers_total',
      'counter',
      'Answers at hand in the cache (hit), all others (miss), and, of these, served beyond their time (stale).',
      by('outcome', [
        ['hit', cache.hits],
        ['miss', cache.misses],
        ['stale', cache.stale],
      ]),
    ),
    metric('bitdoh_upstream_questions_total', 'counter', 'Questions forwarded.', [['', upstream.questions]]),
    metric(
      'bitdoh_upstream_attempts_total',
      'counter',
      'Queries sent to upstreams; beyond the questions they are hedges and second tries.',
      [['', upstream.attempts]],
    ),
    metric(
      'bitdoh_upstream_failures_total',
      'counter',
      'Queries to upstreams that came to nothing.',
      by('code', [...upstream.failures]),
    ),
    metric(
      'bitdoh_probes_total',
      'counter',
      'Probes of hosts of .bit names, by outcome.',
      by('outcome', Object.entries(probes ?? {})),
    ),
  ].join('')
}

/** One metric; nothing when there is no sample of it. */
const metric = (name: string, type: 'counter' | 'gauge', help: string, samples: Samples): string =>
  samples.length === 0
    ? ''
    : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n` +
      samples.map(([labels, value]) => `${name}${labels} ${value}\n`).join('')

/** Every value is a word of this program's own, and needs no escapes. */
const label = (name: string, value: string): string => `{${name}="${value}"}`

const by = (name: string, values: readonly (readonly [string, number])[]): Samples =>
  values.map(([value, count]) => [label(name, value), count])

const known = (value: number | undefined): Samples => (value === undefined ? [] : [['', value]])
