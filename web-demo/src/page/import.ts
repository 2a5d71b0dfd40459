/** Test cases out of files: `1.in` with `1.out` or `1.ans`, and `1.in.txt` with `1.out.txt`. */
import { type Case, freeName, newKey } from './work.ts'

const INPUT = /^(.*?)\.in(\.txt)?$/i
const OUTPUT = /^(.*?)\.(?:out|ans|answer)(\.txt)?$/i
/** More than this of one file is not a case that a page should hold. */
const MOST_BYTES = 4 << 20

export interface Imported {
  cases: Case[]
  /** Names of files that were left out, and why. */
  left: string[]
}

export async function imported(files: Iterable<File>, taken: Iterable<string>): Promise<Imported> {
  const inputs = new Map<string, string>()
  const outputs = new Map<string, string>()
  const left: string[] = []
  for (const file of files) {
    const [input, output] = [INPUT.exec(file.name), OUTPUT.exec(file.name)]
    const found = input ?? output
    if (!found) left.push(`${file.name}: neither .in nor .out or .ans`)
    else if (file.size > MOST_BYTES) left.push(`${file.name}: larger than ${MOST_BYTES >> 20} MB`)
    else (input ? inputs : outputs).set(found[1] as string, await file.text())
  }
  for (const name of outputs.keys()) if (!inputs.has(name)) left.push(`${name}: an output without an input`)
  const names = new Set(taken)
  const cases: Case[] = []
  for (const stem of [...inputs.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))) {
    const name = freeName(stem, names)
    names.add(name)
    cases.push({
      key: newKey(),
      name,
      input: inputs.get(stem) as string,
      expected: outputs.get(stem) ?? null,
      hidden: false,
    })
  }
  return { cases, left }
}
