import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { settingsMarkdown } from '../src/settings/help.ts'

const root = new URL('../', import.meta.url)
const readme = readFileSync(new URL('README.md', root), 'utf8')
const project = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  scripts: Record<string, string>
  dependencies: Record<string, string>
}

test('the README shows the settings as they are', () => {
  expect(readme).toContain(settingsMarkdown())
})

test('the README says what each dependency is for, and names none that is gone', () => {
  const table = readme.slice(readme.indexOf('| dependency | for |')).split('\n\n', 1)[0]!
  const named = table
    .split('\n')
    .slice(2)
    .flatMap((row) =>
      row
        .split('|')[1]!
        .split(',')
        .map((name) => name.trim()),
    )
  expect(named.toSorted()).toEqual(Object.keys(project.dependencies).toSorted())
})

test('the scripts the README names are there', () => {
  for (const [, script] of readme.matchAll(/npm run ([\w-]+)/g))
    expect(project.scripts).toHaveProperty(script!)
})

test('the files the README links to are there', () => {
  for (const [, path] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
    expect(existsSync(new URL(path!, root)), path).toBe(true)
})
