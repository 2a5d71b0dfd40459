/** Expected and actual output, line by line. */
import { type DiffLine, diff, visible } from './diff.ts'

const SIGNS = { same: ' ', missing: '−', extra: '+' }
const NAMES = { same: '', missing: 'expected: ', extra: 'came: ' }
/** Lines beyond that are not drawn. */
const MOST_LINES = 400

export function DiffView({ expected, actual }: { expected: string; actual: string }) {
  const lines = diff(expected, actual)
  return (
    <figure class="diff">
      <figcaption>
        <span class="missing">− expected</span> <span class="extra">+ came</span>
        <span class="faint legend">“·” is a blank, “→” a tab, “↵” the end of a line, “⊣” none</span>
      </figcaption>
      <pre tabIndex={0}>
        {lines.slice(0, MOST_LINES).map((line, index) => (
          <Line key={index} line={line} />
        ))}
      </pre>
      {lines.length > MOST_LINES && <p class="faint">{lines.length - MOST_LINES} more lines</p>}
    </figure>
  )
}

function Line({ line: { kind, text } }: { line: DiffLine }) {
  return (
    <span class={`diff-line ${kind}`}>
      <span aria-hidden="true">{SIGNS[kind]} </span>
      <span class="hidden">{NAMES[kind]}</span>
      {visible(text).map(({ text, isMark }, index) =>
        isMark ? (
          <span key={index} class="mark">
            {text}
          </span>
        ) : (
          text
        ),
      )}
      {'\n'}
    </span>
  )
}
