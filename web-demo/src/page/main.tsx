/** Where the page begins: what is to be worked on, the connection, and what is on the screen. */
import { effect } from '@preact/signals'
import { render } from 'preact'
import { App } from './app.tsx'
import { examples, mainFile } from './examples.ts'
import { connect, language, languages, start } from './session.ts'
import { opened } from './share.ts'
import './styles.css'
import { notice } from './notices.tsx'
import { change, changeFile, keep, replace, shownFile, takeUp, view, work } from './work.ts'

async function begin(): Promise<void> {
  const wasHere = takeUp()
  let runs = false
  try {
    const asked = await opened(location.href)
    if (asked) {
      replace(asked.work, 'the link', wasHere)
      view.value = asked.view
      runs = asked.run
    }
  } catch {
    notice('The link can’t be read: it is cut off, or from a later version.')
  }
  // What the link held is now the work like any other: it survives a reload with its changes.
  if (location.hash || location.search) history.replaceState(null, '', location.pathname)
  shownFile.value = work.value.files[0]?.key ?? ''
  keep()
  connect()
  render(<App />, document.getElementById('page') as HTMLElement)
  whenLanguagesAreKnown(runs)
}

/** Files that have no name yet get the language's, the first visit its example; then a link may run. */
function whenLanguagesAreKnown(runs: boolean): void {
  const stop = effect(() => {
    if (languages.value.length === 0) return
    queueMicrotask(() => {
      stop()
      const known = language.value
      const [first] = work.value.files
      if (known && first && first.text === '' && work.value.files.length === 1) {
        const example = examples(known)[0]?.make()
        if (example) replace(example, '', false)
      } else if (known && first && first.name === '') {
        changeFile(first.key, { name: mainFile(known.name) })
      }
      if (known) change({ language: known.name })
      if (runs) start('program')
    })
  })
}

void begin()
