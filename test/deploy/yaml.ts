import { execFileSync } from 'node:child_process'

/** YAML by Debian's python3-yaml: nothing else of the project reads YAML. */

const READ = 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))'

/** Every document of a YAML text. */
export const readYaml = (text: string): unknown =>
  JSON.parse(execFileSync('python3', ['-c', READ], { input: text, encoding: 'utf8' }))

function tryYaml(): string | undefined {
  try {
    readYaml('{}')
    return undefined
  } catch {
    return 'package python3-yaml is missing'
  }
}

/** Why YAML cannot be read here. */
export const yamlMissing = tryYaml()
