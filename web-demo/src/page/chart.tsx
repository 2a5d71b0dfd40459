/** Time and memory of each test, as bars: two measures, two scales, so two charts. */
import type { TestPart } from '../client/index.ts'
import { megabytes, milliseconds } from './format.ts'

interface Measure {
  title: string
  of: (test: TestPart) => number | null
  show: (value: number) => string
}

const MEASURES: Measure[] = [
  { title: 'CPU time', of: ({ cpu_time_ms }) => cpu_time_ms, show: milliseconds },
  { title: 'Memory', of: ({ memory_usage_mb }) => memory_usage_mb, show: megabytes },
]
/** Bars beyond that are no chart any more. */
const MOST_BARS = 100

export function Chart({ results }: { results: TestPart[] }) {
  const shown = results.filter(({ cpu_time_ms }) => cpu_time_ms !== null).slice(0, MOST_BARS)
  if (shown.length === 0) return null
  return (
    <div class="charts">
      {MEASURES.map((measure) => (
        <Bars key={measure.title} measure={measure} results={shown} />
      ))}
    </div>
  )
}

function Bars({ measure: { title, of, show }, results }: { measure: Measure; results: TestPart[] }) {
  const most = Math.max(...results.map((test) => of(test) ?? 0)) || 1
  return (
    <table class="chart">
      <caption>{title}</caption>
      <tbody>
        {results.map((test) => {
          const value = of(test) ?? 0
          return (
            <tr key={test.id}>
              <th scope="row">{test.id}</th>
              <td class="bar-cell">
                <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                  <rect
                    class={test.verdict === 'AC' ? 'good' : 'other'}
                    width={Math.max(0.5, (100 * value) / most)}
                    height="10"
                    rx="1"
                  />
                </svg>
              </td>
              <td class="value">{show(value)}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
