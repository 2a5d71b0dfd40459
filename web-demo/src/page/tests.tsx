/** Tests of the program: cases, how outputs are compared, verdicts as they come. */
import { useRef } from 'preact/hooks'
import type { TestPart } from '../client/index.ts'
import { textOf } from '../client/index.ts'
import { Chart } from './chart.tsx'
import { DiffView } from './diff-view.tsx'
import { everyVerdict } from './examples.ts'
import { megabytes, milliseconds, words } from './format.ts'
import { Icon } from './icons.tsx'
import { imported } from './import.ts'
import { notice } from './notices.tsx'
import { current, fault, find, languages, result, testResults } from './session.ts'
import { type Case, COMPARISONS, type Comparison, change, changeCase, freeName, newKey, replace, work } from './work.ts'

const names = (): string[] => work.value.cases.map(({ name }) => name)

function add(): void {
  const name = freeName(`test-${work.value.cases.length + 1}`, names())
  change({ cases: [...work.value.cases, { key: newKey(), name, input: '', expected: '', hidden: false }] })
}

export function Tests() {
  const { cases } = work.value
  return (
    <div class="tests">
      <TestBar />
      {work.value.compare === 'checker' && <Checker />}
      <Summary />
      {cases.length === 0 ? (
        <div class="empty">
          <p>No tests yet: each is an input and the output that is expected for it.</p>
          <button type="button" onClick={add}>
            <Icon name="plus" />
            Add a test
          </button>
          <button
            type="button"
            onClick={() =>
              replace(
                everyVerdict(),
                'an example',
                work.value.files.some(({ text }) => text.trim() !== ''),
              )
            }
          >
            Show me an example with every verdict
          </button>
        </div>
      ) : (
        <ul class="cases">
          {cases.map((test) => (
            <CaseRow key={test.key} test={test} outcome={testResults.value.get(test.name)} />
          ))}
        </ul>
      )}
      <Chart results={cases.flatMap(({ name }) => testResults.value.get(name) ?? [])} />
    </div>
  )
}

function TestBar() {
  const { compare, stopOnFailure } = work.value
  const files = useRef<HTMLInputElement>(null)
  const take = async (input: HTMLInputElement) => {
    const { cases, left } = await imported(input.files ?? [], names())
    input.value = ''
    change({ cases: [...work.value.cases, ...cases] })
    notice(
      `${cases.length} ${cases.length === 1 ? 'test' : 'tests'} imported${left.length > 0 ? `; left out: ${left.join(', ')}` : ''}`,
    )
  }
  return (
    <div class="bar">
      <button type="button" onClick={add}>
        <Icon name="plus" />
        Add
      </button>
      <button type="button" onClick={() => files.current?.click()} title="1.in with 1.out or 1.ans, and so on">
        <Icon name="upload" />
        Import files
      </button>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label="Test files"
        onChange={(event) => void take(event.currentTarget)}
      />
      <label>
        compare
        <select value={compare} onChange={(event) => change({ compare: event.currentTarget.value as Comparison })}>
          {Object.entries(COMPARISONS).map(([name, title]) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={stopOnFailure}
          onChange={(event) => change({ stopOnFailure: event.currentTarget.checked })}
        />
        stop at the first failure
      </label>
    </div>
  )
}

function Checker() {
  const { checker } = work.value
  return (
    <div class="checker">
      <p>
        A program that finds the files <code>input</code>, <code>output</code> and <code>answer</code>, and exits with
        42 where the output is right, with 43 where it is wrong.
      </p>
      <label>
        written in
        <select
          value={find(languages.value, checker.language)?.name ?? checker.language}
          onChange={(event) => change({ checker: { ...checker, language: event.currentTarget.value } })}
        >
          {languages.value.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <textarea
        class="code"
        rows={8}
        aria-label="Checker program"
        spellcheck={false}
        value={checker.code}
        onInput={(event) => change({ checker: { ...checker, code: event.currentTarget.value } })}
      />
    </div>
  )
}

function Summary() {
  const running = current.value
  const summary = result.value?.summary
  if (running?.kind === 'tests') {
    return (
      <p class="summary" role="status">
        <span class="chip busy">{running.phase === 'running' ? 'running' : running.phase}</span>
        {testResults.value.size} of {work.value.cases.length} done
      </p>
    )
  }
  if (fault.value) {
    return (
      <p class="summary" role="status">
        <span class="chip bad">{fault.value.kind}</span>
        <span class="message">{fault.value.message}</span>
      </p>
    )
  }
  if (!summary || !result.value) return null
  const passed = summary.visible_passed + summary.hidden_passed
  const failed = summary.visible_failed + summary.hidden_failed
  const { compile } = result.value
  return (
    <>
      <p class="summary" role="status">
        <Verdict verdict={summary.verdict} />
        {passed} of {passed + failed} passed
        {summary.hidden_passed + summary.hidden_failed > 0 && (
          <span class="faint">
            hidden: {summary.hidden_passed} of {summary.hidden_passed + summary.hidden_failed}
          </span>
        )}
      </p>
      {!compile.ok && <pre class="compiler">{textOf(compile.output)}</pre>}
    </>
  )
}

const VERDICTS: Record<string, { title: string; look: string }> = {
  AC: { title: 'accepted', look: 'good' },
  WA: { title: 'wrong answer', look: 'bad' },
  TLE: { title: 'time limit', look: 'slow' },
  MLE: { title: 'memory limit', look: 'slow' },
  OLE: { title: 'output limit', look: 'slow' },
  RTE: { title: 'runtime error', look: 'bad' },
  CE: { title: 'does not compile', look: 'bad' },
  SK: { title: 'skipped', look: 'neutral' },
  JE: { title: 'judge’s error', look: 'neutral' },
}

function Verdict({ verdict }: { verdict: string | null }) {
  if (verdict === null) return <span class="chip neutral">ran</span>
  const { title, look } = VERDICTS[verdict] ?? { title: verdict, look: 'neutral' }
  return (
    <span class={`chip ${look}`}>
      <abbr title={title}>{verdict}</abbr>
    </span>
  )
}

function CaseRow({ test, outcome }: { test: Case; outcome: TestPart | undefined }) {
  const isPending = current.value?.kind === 'tests' && !outcome
  const duplicate = () => {
    const { cases } = work.value
    const at = cases.findIndex(({ key }) => key === test.key) + 1
    change({
      cases: [
        ...cases.slice(0, at),
        { ...test, key: newKey(), name: freeName(test.name, names()) },
        ...cases.slice(at),
      ],
    })
  }
  const rename = (field: HTMLInputElement) => {
    const others = names().filter((name) => name !== test.name)
    const name = field.value.trim() === '' ? test.name : freeName(field.value.trim(), others)
    field.value = name
    changeCase(test.key, { name })
  }
  return (
    <li class="case">
      <details>
        <summary>
          {outcome ? (
            <Verdict verdict={outcome.verdict} />
          ) : (
            <span class={`chip ${isPending ? 'busy' : 'neutral'}`}>{isPending ? '…' : '–'}</span>
          )}
          <span class="name">{test.name}</span>
          {test.hidden && <span class="tag">hidden</span>}
          <span class="figures">
            {outcome?.cpu_time_ms != null && milliseconds(outcome.cpu_time_ms)}
            {outcome?.memory_usage_mb != null && ` · ${megabytes(outcome.memory_usage_mb)}`}
          </span>
        </summary>
        <div class="case-fields">
          <div class="row">
            <label>
              name
              <input type="text" value={test.name} onChange={(event) => rename(event.currentTarget)} />
            </label>
            <label class="check">
              <input
                type="checkbox"
                checked={test.hidden}
                onChange={(event) => changeCase(test.key, { hidden: event.currentTarget.checked })}
              />
              hidden
            </label>
            <label class="check">
              <input
                type="checkbox"
                checked={test.expected !== null}
                onChange={(event) => changeCase(test.key, { expected: event.currentTarget.checked ? '' : null })}
              />
              compared
            </label>
            <button type="button" onClick={duplicate} aria-label={`Duplicate ${test.name}`}>
              <Icon name="copy" />
              Duplicate
            </button>
            <button
              type="button"
              aria-label={`Delete ${test.name}`}
              onClick={() => change({ cases: work.value.cases.filter(({ key }) => key !== test.key) })}
            >
              <Icon name="trash" />
              Delete
            </button>
          </div>
          <div class="texts">
            <label>
              input
              <textarea
                class="code"
                rows={3}
                spellcheck={false}
                value={test.input}
                onInput={(event) => changeCase(test.key, { input: event.currentTarget.value })}
              />
            </label>
            {test.expected !== null && (
              <label>
                expected output
                <textarea
                  class="code"
                  rows={3}
                  spellcheck={false}
                  value={test.expected}
                  onInput={(event) => changeCase(test.key, { expected: event.currentTarget.value })}
                />
              </label>
            )}
          </div>
          {outcome && <Outcome outcome={outcome} />}
        </div>
      </details>
    </li>
  )
}

/** What came of it; of a hidden test nobody learns more than the verdict. */
function Outcome({ outcome }: { outcome: TestPart }) {
  if (!('input' in outcome)) return <p class="faint">A hidden test shows its verdict, time and memory, nothing else.</p>
  const { message, error, expected_output, actual_output, actual_output_truncated, status } = outcome
  return (
    <div class="outcome">
      <p>
        {words(status)}
        {message && <span class="message">: {message}</span>}
      </p>
      {actual_output !== null &&
        (expected_output === null ? (
          <pre>{textOf(actual_output)}</pre>
        ) : (
          <DiffView expected={textOf(expected_output)} actual={textOf(actual_output)} />
        ))}
      {actual_output_truncated && <p class="faint">Only the beginning of the output is shown.</p>}
      {error !== null && <pre class="stderr">{textOf(error)}</pre>}
    </div>
  )
}
