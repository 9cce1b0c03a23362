/** What a property list may hold. */
export type Plist = string | number | boolean | readonly Plist[] | { readonly [key: string]: Plist }

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

const escaped = (text: string): string => text.replace(/[&<>]/g, (letter) => ENTITIES[letter]!)

/** A value as Apple's XML. */
export const plistXml = (value: Plist): string => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
${element(value, '')}
</plist>
`

function element(value: Plist, indent: string): string {
  if (typeof value === 'string') return `${indent}<string>${escaped(value)}</string>`
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>`
  if (typeof value === 'boolean') return `${indent}<${value}/>`
  const inner = `${indent}  `
  const [tag, children] = Array.isArray(value)
    ? ['array', value.map((item) => element(item, inner))]
    : [
        'dict',
        Object.entries(value).map(
          ([key, item]) => `${inner}<key>${escaped(key)}</key>\n${element(item, inner)}`,
        ),
      ]
  return `${indent}<${tag}>\n${children.join('\n')}\n${indent}</${tag}>`
}
