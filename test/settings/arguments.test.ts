import { describe, expect, it } from 'vitest'
import { readArguments } from '../../src/settings/arguments.ts'

const own = { switches: ['json', 'help'], options: ['config', 'server'] }
const read = (...words: string[]) => readArguments(words, own)

describe('readArguments', () => {
  it('takes apart positionals, switches, options and settings', () => {
    expect(read('resolve', '--json', 'a.bit', '--server', 'https://s/', '--names=a=b.json', 'AAAA')).toEqual({
      kind: 'arguments',
      positionals: ['resolve', 'a.bit', 'AAAA'],
      switches: new Set(['json']),
      options: { server: 'https://s/' },
      lists: {},
      flags: { names: ['a=b.json'] },
    })
  })

  it('collects repeated settings in order', () => {
    expect(read('--backend', 'core', '--backend=names')).toMatchObject({
      flags: { backend: ['core', 'names'] },
    })
  })

  it("collects a command's own repeatable flags in order, also where a setting has the same name", () => {
    const read = readArguments(['--listen', 'a', '--listen=b'], { ...own, lists: ['listen'] })
    expect(read).toMatchObject({ lists: { listen: ['a', 'b'] }, flags: {} })
  })

  it('takes what follows -- as it is', () => {
    expect(read('--', '--json', '-x')).toMatchObject({ positionals: ['--json', '-x'] })
  })

  it('takes -h for --help', () => {
    expect(read('-h')).toMatchObject({ switches: new Set(['help']) })
  })

  it('takes a value that begins with dashes', () => {
    expect(read('--names', '--odd.json')).toMatchObject({ flags: { names: ['--odd.json'] } })
  })

  it.each([
    [['--backnd', 'core'], 'unknown', '--backend'],
    [['--jsn'], 'unknown', '--json'],
    [['-config', 'x'], 'unknown', '--config'],
    [['--names'], 'bad-value', '--names: given nothing'],
    [['--json=yes'], 'bad-value', '--json: takes no value'],
  ])('%j is a problem of one line', (words, code, line) => {
    const outcome = read(...words)
    expect(outcome).toMatchObject({ kind: 'problem', code })
    expect(outcome.kind === 'problem' && outcome.line).toContain(line)
  })
})
