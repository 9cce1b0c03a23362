/** Takes the place of smol-toml in the bundle (`wrangler.toml`): a Worker's settings come from variables alone. */
export function parse(): never {
  throw new Error('there are no settings files on Workers')
}

export class TomlError extends Error {}
