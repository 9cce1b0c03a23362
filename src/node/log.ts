import type { Log, LogFields } from '../log.ts'

/** Where lines go and what they are like; all is passed in, so that tests need neither a terminal nor a clock. */
export interface LogOptions {
  /** Takes one line, line end included. */
  readonly write: (line: string) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Whether each line begins with the time. */
  readonly timestamps: boolean
}

type Level = 'info' | 'warn' | 'error'

/** The same warning again is counted, not printed, for this long: an upstream that is down must not fill a disk. */
export const REPEAT_INTERVAL_MS = 60_000

/** Different events remembered at once; they are constants of the program, so more means a mistake of ours. */
const MAX_REMEMBERED_LINES = 1_000

/** A log of plain lines: `warn upstream-failed host=dns.example code=timeout`. */
export function createLog({ write, now, timestamps }: LogOptions): Log {
  const lastPrinted = new Map<string, { at: number; suppressed: number }>()

  const print = (level: Level, text: string): void => {
    write(`${timestamps ? `${new Date(now()).toISOString()} ` : ''}${level} ${text}\n`)
  }

  const printSeldom = (level: Level, text: string): void => {
    const last = lastPrinted.get(text)
    if (last !== undefined && now() - last.at < REPEAT_INTERVAL_MS) {
      last.suppressed += 1
      return
    }
    if (last === undefined && lastPrinted.size >= MAX_REMEMBERED_LINES) lastPrinted.clear()
    print(level, last === undefined || last.suppressed === 0 ? text : `${text} repeated=${last.suppressed}`)
    lastPrinted.set(text, { at: now(), suppressed: 0 })
  }

  return {
    info: (event, fields) => print('info', withFields(event, fields)),
    warn: (event, fields) => printSeldom('warn', withFields(event, fields)),
    error: (event, fields) => printSeldom('error', withFields(event, fields)),
  }
}

/** The log of this process: lines to stderr. journald and terminals need no times of ours, files and pipes do. */
export function processLog(): Log {
  const { stderr, env } = process
  return createLog({
    write: (line) => stderr.write(line),
    now: Date.now,
    timestamps: env['JOURNAL_STREAM'] === undefined && !stderr.isTTY,
  })
}

const withFields = (event: string, fields: LogFields = {}): string =>
  [
    event,
    ...Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : `${name}=${fieldText(value)}`,
    ),
  ].join(' ')

/** Plain where it can be, otherwise quoted: text from outside must not be able to forge a line of the log. */
const fieldText = (value: string | number | boolean): string => {
  const text = String(value)
  return /^[\w./:@%+,*-]+$/.test(text)
    ? text
    : JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029]/g, escaped)
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
