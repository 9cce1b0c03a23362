// Puts the table of settings into the README, from the schema: `npm run settings` after a setting has changed.
import { readFileSync, writeFileSync } from 'node:fs'
import { settingsMarkdown } from '../dist/settings/help.js'

const readme = readFileSync('README.md', 'utf8')
const start = readme.indexOf('| setting | takes |')
const end = readme.indexOf('\n\n', start)
writeFileSync('README.md', readme.slice(0, start) + settingsMarkdown() + readme.slice(end))
