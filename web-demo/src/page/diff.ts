/** What is expected against what came, line by line, with white space that can be seen. */
export interface DiffLine {
  kind: 'same' | 'missing' | 'extra'
  text: string
}

/** Beyond this many lines, what differs in the middle is shown as one block: the table would be too large. */
const MOST_CELLS = 1_000_000

export function diff(expected: string, actual: string): DiffLine[] {
  const [left, right] = [split(expected), split(actual)]
  let head = 0
  while (head < left.length && head < right.length && left[head] === right[head]) head++
  let tail = 0
  while (tail < left.length - head && tail < right.length - head && left.at(-1 - tail) === right.at(-1 - tail)) tail++
  const same = (line: string): DiffLine => ({ kind: 'same', text: line })
  return [
    ...left.slice(0, head).map(same),
    ...middle(left.slice(head, left.length - tail), right.slice(head, right.length - tail)),
    ...left.slice(left.length - tail).map(same),
  ]
}

/** Lines with their ends: a last line without one differs from one that has it. */
function split(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

/** By the longest common subsequence. */
function middle(left: string[], right: string[]): DiffLine[] {
  const missing = (line: string): DiffLine => ({ kind: 'missing', text: line })
  const extra = (line: string): DiffLine => ({ kind: 'extra', text: line })
  if (left.length * right.length > MOST_CELLS) return [...left.map(missing), ...right.map(extra)]
  const width = right.length + 1
  const common = new Uint32Array((left.length + 1) * width)
  const at = (row: number, column: number) => common[row * width + column] as number
  for (let row = left.length - 1; row >= 0; row--) {
    for (let column = right.length - 1; column >= 0; column--) {
      common[row * width + column] =
        left[row] === right[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1))
    }
  }
  const lines: DiffLine[] = []
  let [row, column] = [0, 0]
  while (row < left.length || column < right.length) {
    if (row < left.length && column < right.length && left[row] === right[column]) {
      lines.push({ kind: 'same', text: left[row++] as string })
      column++
    } else if (row < left.length && (column === right.length || at(row + 1, column) >= at(row, column + 1))) {
      lines.push(missing(left[row++] as string))
    } else {
      lines.push(extra(right[column++] as string))
    }
  }
  return lines
}

/** Parts of a line, those that are white space apart and made visible. Blanks between words stay as they are. */
export function visible(line: string): Array<{ text: string; isMark: boolean }> {
  const body = line.replace(/\n$/, '')
  const parts: Array<{ text: string; isMark: boolean }> = []
  const end = body.trimEnd().length
  for (const piece of body.slice(0, end).split(/(\t| {2,})/)) {
    if (piece !== '')
      parts.push(/^[\t ]/.test(piece) ? { text: mark(piece), isMark: true } : { text: piece, isMark: false })
  }
  if (end < body.length) parts.push({ text: mark(body.slice(end)), isMark: true })
  parts.push({ text: line.endsWith('\n') ? '↵' : '⊣', isMark: true })
  return parts
}

const mark = (blanks: string): string => blanks.replaceAll(' ', '·').replaceAll('\t', '→\t').replaceAll('\r', '␍')
