/** The page as a whole: header, files on one side, what happens on the other, and the keys that work everywhere. */
import { useEffect } from 'preact/hooks'
import { Drawer } from './drawer.tsx'
import { Files } from './files.tsx'
import { Frames } from './frames.tsx'
import { Header } from './header.tsx'
import { Notices } from './notices.tsx'
import { Output } from './output.tsx'
import { frames, isRunning, start, stop } from './session.ts'
import { Tests } from './tests.tsx'
import { type View, view, work } from './work.ts'

const VIEWS: Record<View, { title: string; count: () => number }> = {
  output: { title: 'Output', count: () => 0 },
  tests: { title: 'Tests', count: () => work.value.cases.length },
  frames: { title: 'Frames', count: () => frames.version.value && frames.count },
}
const NAMES = Object.keys(VIEWS) as View[]

/** What is run by keyboard: the tests where they are shown, or else the program. */
export function startShown(): void {
  start(view.value === 'tests' ? 'tests' : 'program')
  // On a phone what happens is below the program.
  document.querySelector('.happening')?.scrollIntoView({ block: 'nearest' })
}

function onKey(event: KeyboardEvent): void {
  if (document.querySelector('dialog[open]')) return
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault()
    startShown()
  } else if (event.key === 'Escape' && !event.defaultPrevented && isRunning.value) {
    stop()
  }
}

export function App() {
  useEffect(() => {
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  return (
    <>
      <Header />
      <main>
        <Files />
        <section class="happening" aria-label="What happens">
          <Views />
          {/* The terminal stays where it is while another view is shown: it holds the output. */}
          <Panel name="output">
            <Output />
          </Panel>
          <Panel name="tests">{view.value === 'tests' && <Tests />}</Panel>
          <Panel name="frames">{view.value === 'frames' && <Frames />}</Panel>
        </section>
      </main>
      <Drawer />
      <Notices />
    </>
  )
}

function Panel({ name, children }: { name: View; children: preact.ComponentChildren }) {
  return (
    <div
      class="panel"
      role="tabpanel"
      id={`panel-${name}`}
      aria-labelledby={`view-${name}`}
      hidden={view.value !== name}
    >
      {children}
    </div>
  )
}

function Views() {
  return (
    <div class="tabs" role="tablist" aria-label="Views" onKeyDown={step}>
      {NAMES.map((name) => {
        const isShown = view.value === name
        const count = VIEWS[name].count()
        return (
          <button
            type="button"
            role="tab"
            id={`view-${name}`}
            key={name}
            aria-selected={isShown}
            aria-controls={`panel-${name}`}
            tabIndex={isShown ? 0 : -1}
            onClick={() => {
              view.value = name
            }}
          >
            {VIEWS[name].title}
            {count > 0 && <span class="count">{count}</span>}
          </button>
        )
      })}
    </div>
  )
}

/** Arrow keys move between tabs, as everywhere. */
function step(event: KeyboardEvent): void {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (by === undefined) return
  event.preventDefault()
  const next = NAMES[(NAMES.indexOf(view.value) + by + NAMES.length) % NAMES.length] as View
  view.value = next
  document.getElementById(`view-${next}`)?.focus()
}
