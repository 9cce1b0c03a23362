import type { Log } from '../log.ts'
import type { SyncProgress } from '../namecoin/light/keeper.ts'

/** Where a progress bar may be: `process.stderr`. */
export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Milliseconds between two drawings. */
const DRAW_MS = 100
/** Milliseconds between two lines of the log. */
const LOG_MS = 10_000
/** Percent between two lines of the log. */
const LOG_PERCENT = 10
/** Fewer blocks come in at once: no bar for them. */
const WORTH_TELLING = 500
const BAR_WIDTH = 24

/**
 * Tells how far the headers are: a bar on a terminal, otherwise lines in the log, and nothing once they are in.
 *
 * @param now - milliseconds
 */
export function syncProgress(
  stream: ProgressStream,
  log: Log,
  now: () => number = () => performance.now(),
): (progress: SyncProgress) => void {
  const began = now()
  return stream.isTTY === true ? bar(stream, now, began) : lines(log, now, began)
}

function bar(stream: ProgressStream, now: () => number, began: number): (progress: SyncProgress) => void {
  let drawnAt = Number.NEGATIVE_INFINITY
  let isDrawn = false
  return (progress) => {
    const time = now()
    if (progress.isDone) {
      if (isDrawn) stream.write('\r\u001b[K') // ECMA-48 EL: clears to the end of the line.
      isDrawn = false
      return
    }
    if (!isWorth(progress) || time - drawnAt < DRAW_MS) return
    drawnAt = time
    isDrawn = true
    stream.write(`\r${barLine(progress, time - began).slice(0, (stream.columns ?? 80) - 1)}\u001b[K`)
  }
}

function lines(log: Log, now: () => number, began: number): (progress: SyncProgress) => void {
  let toldAt = Number.NEGATIVE_INFINITY
  let told = -LOG_PERCENT
  return (progress) => {
    const time = now()
    const percent = percentOf(progress)
    if (progress.isDone || !isWorth(progress)) return
    if (time - toldAt < LOG_MS || percent < told + LOG_PERCENT) return
    toldAt = time
    told = percent - (percent % LOG_PERCENT)
    const { height, target } = progress
    log.info('headers', { height, target, percent, left: leftText(progress, time - began) })
  }
}

const isWorth = ({ from, target }: SyncProgress): boolean => target - from >= WORTH_TELLING

/** `headers [#####...................] 821000 of 843000, 21 %, 3 min left` */
export function barLine(progress: SyncProgress, elapsed: number): string {
  const percent = percentOf(progress)
  const full = Math.floor((percent / 100) * BAR_WIDTH)
  const left = leftText(progress, elapsed)
  const drawn = `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}]`
  return `headers ${drawn} ${progress.height} of ${progress.target}, ${percent} %${left === undefined ? '' : `, ${left} left`}`
}

const percentOf = ({ from, height, target }: SyncProgress): number =>
  target === from ? 100 : Math.floor((100 * (height - from)) / (target - from))

/** The time that is left at the speed so far; undefined while there is none. */
function leftText({ from, height, target }: SyncProgress, elapsed: number): string | undefined {
  if (height === from) return undefined
  const seconds = Math.ceil((elapsed * (target - height)) / (height - from) / 1000)
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
