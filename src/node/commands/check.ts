import { setTimeout as pause } from 'node:timers/promises'
import type { CheckNames, Clause } from '../../check/clause.ts'
import { counted } from '../../check/counted.ts'
import { freshLabel } from '../../check/names.ts'
import { jsonReport, jsonText, printable, type Style, summaryLine, tableLines } from '../../check/report.ts'
import type { HttpVersion, SilenceCode } from '../../check/server.ts'
import { type Checked, check, conforms, hasStopped } from '../../check/suite.ts'
import { openServer } from '../check-server.ts'
import { Exit, type Terminal } from './command.ts'

/** What is checked, and how the findings are to be shown. */
export interface CheckRequest {
  readonly url: URL
  readonly names: CheckNames
  readonly clauses: readonly Clause[]
  /** The HTTP versions to speak, best first. */
  readonly versions: readonly HttpVersion[]
  readonly robust: boolean
  readonly ca: string | undefined
  readonly timeoutMs: number
  readonly format: 'table' | 'json'
  readonly style: Style
}

/** Why a check came to no end. */
interface CheckError {
  readonly code: SilenceCode
  readonly detail: string
}

const STOPPED: CheckError = { code: 'timeout', detail: 'the server has stopped responding' }

/**
 * Checks a DoH server, clause by clause.
 * @returns the exit code: 0 every MUST holds, 1 a MUST fails, 3 the server cannot be reached or stops responding
 */
export async function runCheck(request: CheckRequest, terminal: Terminal): Promise<number> {
  const { url, names, robust, ca, timeoutMs, format, style } = request
  const opened = await openServer({ url, ca, timeoutMs }, request.versions)
  const giveUp = (error: CheckError, report: object): number => {
    terminal.complain(`${url.href}: ${printable(error.detail)}`)
    if (format === 'json') terminal.print(jsonText({ ...report, error }))
    return Exit.FAILED
  }
  if (opened.kind === 'silence')
    return giveUp({ code: opened.code, detail: opened.detail }, { url: url.href })
  const { server, requests, responses } = counted(opened.server)
  const wait = (seconds: number): Promise<void> => pause(seconds * 1_000)
  const subject = { server, target: url.pathname + url.search, names, robust, wait, freshLabel }
  const checked: Checked[] = []
  try {
    for await (const each of check(subject, request.clauses)) {
      checked.push(each)
      if (format === 'table') for (const line of tableLines(each, style)) terminal.print(line)
    }
  } finally {
    opened.close()
  }
  const report = jsonReport(url.href, checked, requests())
  if (format === 'table') terminal.print(`\n${summaryLine(checked, requests())}`)
  const isSilent = requests() > 0 && responses() === 0
  if (isSilent || hasStopped(checked)) return giveUp(STOPPED, report)
  if (format === 'json') terminal.print(jsonText(report))
  return conforms(checked) ? Exit.OK : Exit.NOTHING
}
