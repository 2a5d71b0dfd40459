// Makes src/client/types.ts of the JSON Schema that the server's binary prints. `--check` only says whether it is current.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const target = new URL('../src/client/types.ts', import.meta.url)
const binary = process.env.RUNNEL ?? new URL('../../target/release/runnel', import.meta.url).pathname
const schema = JSON.parse(execFileSync(binary, ['schema'], { encoding: 'utf8', maxBuffer: 16 << 20 }))

const union = (types) => [...new Set(types)].join(' | ')
const name = (text) => (/^[A-Za-z_$][\w$]*$/.test(text) ? text : JSON.stringify(text))

/** A schema as a type. */
function type(schema, indent = '') {
  if (schema === true) return 'unknown'
  if (schema.$ref) return schema.$ref.replace('#/$defs/', '')
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.enum) return union(schema.enum.map((value) => JSON.stringify(value)))
  const choices = schema.oneOf ?? schema.anyOf
  if (choices) return union(choices.map((choice) => type(choice, indent)))
  if (Array.isArray(schema.type)) return union(schema.type.map((kind) => type({ ...schema, type: kind }, indent)))
  switch (schema.type) {
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return `Array<${type(schema.items ?? true, indent)}>`
    case 'object':
      return object(schema, indent)
    default:
      return schema.type ?? 'unknown'
  }
}

function object(schema, indent) {
  if (!schema.properties) return `Record<string, ${type(schema.additionalProperties ?? true, indent)}>`
  const inner = `${indent}  `
  const fields = Object.entries(schema.properties).map(([field, value]) => {
    const mark = schema.required?.includes(field) ? '' : '?'
    return `${comment(value, inner)}${inner}${name(field)}${mark}: ${type(value, inner)}\n`
  })
  return `{\n${fields.join('')}${indent}}`
}

const comment = (schema, indent) =>
  schema.description ? `${indent}/** ${schema.description.replaceAll('\n', ' ')} */\n` : ''

const definitions = Object.entries(schema.$defs)
  .sort(([a], [b]) => a.localeCompare(b, 'en'))
  .map(([name, schema]) => `${comment(schema, '')}export type ${name} = ${type(schema)}\n`)
const text = `// Made by \`npm run types\` out of the server's types: not to be changed by hand.\n\n${definitions.join('\n')}`

if (!process.argv.includes('--check')) {
  writeFileSync(target, text)
} else if (readFileSync(target, 'utf8') !== text) {
  console.error('src/client/types.ts is not what the server speaks: `npm run types` makes it again')
  process.exit(1)
}
