/** The top of the page: language, example, run and stop, arguments, share, and whether the server is there. */
import { useState } from 'preact/hooks'
import type { LanguagePart } from '../client/index.ts'
import { titleOf } from '../titles.ts'
import { startShown } from './app.tsx'
import { isDrawerOpen } from './drawer.tsx'
import { examples, mainFile } from './examples.ts'
import { Icon } from './icons.tsx'
import { notice } from './notices.tsx'
import { connection, find, isRunning, language, languages, reconnect, stop, welcome } from './session.ts'
import { link } from './share.ts'
import { change, currentFile, replace, view, work } from './work.ts'

export function Header() {
  return (
    <header>
      <h1 class="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M4 11c6-6 9 4 15-2 3.500-3.500 6-2.500 9-1M4 18c6-6 9 4 15-2 3.500-3.500 6-2.500 9-1M4 25c6-6 9 4 15-2 3.500-3.500 6-2.500 9-1" />
        </svg>
        Runnel
      </h1>
      <div class="choices">
        <LanguagePicker />
        <ExamplePicker />
      </div>
      <ServerState />
      <div class="actions">
        <button
          type="button"
          onClick={() => {
            isDrawerOpen.value = true
          }}
        >
          <Icon name="sliders" />
          <span class="wide">Arguments & limits</span>
          <span class="narrow">Options</span>
        </button>
        <ShareButton />
        <RunButton />
      </div>
      <Reason />
    </header>
  )
}

function RunButton() {
  if (isRunning.value) {
    return (
      <button type="button" class="primary stop" onClick={stop} title="Esc">
        <Icon name="stop" />
        Stop
      </button>
    )
  }
  const isTests = view.value === 'tests'
  return (
    <button
      type="button"
      class="primary"
      onClick={startShown}
      title="Ctrl+Enter, or ⌘ Enter"
      disabled={language.value?.state === 'unavailable'}
    >
      <Icon name="play" />
      {isTests ? 'Run tests' : 'Run'}
    </button>
  )
}

const STATE_NAMES = { ready: '', preparing: ' · preparing', unavailable: ' · unavailable' }

function LanguagePicker() {
  const shown = language.value
  return (
    <div class="picker">
      <label>
        <span class="hidden">Language</span>
        <select
          value={shown?.name ?? ''}
          disabled={languages.value.length === 0}
          onChange={(event) => choose(event.currentTarget.value)}
        >
          {!shown && <option value="">{languages.value.length === 0 ? 'Languages …' : work.value.language}</option>}
          {languages.value.map(({ name, version, state }) => (
            <option key={name} value={name}>
              {titleOf(name)} · {version}
              {STATE_NAMES[state]}
            </option>
          ))}
        </select>
      </label>
      {shown && <LanguageState language={shown} />}
    </div>
  )
}

function LanguageState({ language: { state, reason, progress } }: { language: LanguagePart }) {
  if (state === 'ready') return <span class="state ready">ready</span>
  const isBusy = state === 'preparing'
  return (
    <span class={`state ${state}`} title={reason}>
      {isBusy ? `preparing ${Math.round((progress ?? 0) * 100)} %` : 'unavailable'}
      {isBusy && <progress value={progress ?? 0} max={1} aria-label="Preparation" />}
    </span>
  )
}

/** Another language brings its example, unless there is a program that somebody wrote. */
function choose(name: string): void {
  const next = find(languages.value, name)
  if (!next) return
  const isExample = languages.value.some((one) =>
    examples(one).some(({ make }) => make().files[0]?.text === currentFile.value.text),
  )
  const example = examples(next)[0]
  if ((isExample || currentFile.value.text.trim() === '') && example) {
    replace(example.make(), '', false)
  } else {
    const [first, ...rest] = work.value.files
    const files = first ? [{ ...first, name: mainFile(name) }, ...rest] : []
    change({ language: name, files })
  }
}

function ExamplePicker() {
  const shown = language.value
  if (!shown) return null
  const all = examples(shown)
  const load = (select: HTMLSelectElement) => {
    const example = all[Number(select.value)]
    select.value = ''
    if (!example) return
    const isOwn = !all.some(({ make }) => make().files[0]?.text === work.value.files[0]?.text)
    replace(example.make(), 'an example', isOwn && work.value.files.some(({ text }) => text.trim() !== ''))
    view.value = example.view
  }
  return (
    <label>
      <span class="hidden">Example</span>
      <select class="quiet" value="" onChange={(event) => load(event.currentTarget)}>
        <option value="">Examples</option>
        {all.map(({ title }, index) => (
          <option key={title} value={index}>
            {title}
          </option>
        ))}
      </select>
    </label>
  )
}

function showModal(dialog: HTMLDialogElement | null): void {
  if (dialog && !dialog.open) dialog.showModal()
}

function ShareButton() {
  const [address, setAddress] = useState('')
  const share = async () => {
    const made = await link(work.value, view.value, location.href)
    try {
      await navigator.clipboard.writeText(made)
      notice('A link to all of this is on the clipboard. Nothing was sent to the server.')
    } catch {
      // Without a secure connection there is no clipboard: the link can be copied by hand.
      setAddress(made)
    }
  }
  return (
    <>
      <button type="button" onClick={() => void share()}>
        <Icon name="share" />
        Share
      </button>
      {address && (
        <dialog ref={showModal} class="share" aria-labelledby="share-title" onClose={() => setAddress('')}>
          <h2 id="share-title">A link to all of this</h2>
          <p>Everything is in the link itself; nothing was sent to the server.</p>
          <input
            type="text"
            readOnly
            value={address}
            aria-label="Link"
            onFocus={(event) => event.currentTarget.select()}
          />
          <form method="dialog">
            <button type="submit">Close</button>
          </form>
        </dialog>
      )}
    </>
  )
}

const CONNECTION = {
  connecting: 'connecting …',
  open: 'connected',
  waiting: 'connection lost, trying again',
  closed: 'not connected',
}

function ServerState() {
  const state = connection.value
  const isLost = state === 'waiting' || state === 'closed'
  return (
    <div
      class={`server ${isLost ? 'lost' : state}`}
      role="status"
      title={state === 'open' ? `Runnel ${welcome.value?.version}` : undefined}
    >
      <span class="dot" aria-hidden="true" />
      {CONNECTION[state]}
      {state === 'waiting' && (
        <button type="button" class="link" onClick={reconnect}>
          now
        </button>
      )}
    </div>
  )
}

/** Why the language can't be used yet, or at all. */
function Reason() {
  const shown = language.value
  if (!shown?.reason || shown.state === 'ready') return null
  return (
    <p class="reason" role="status">
      {titleOf(shown.name)} is {shown.state === 'preparing' ? 'being prepared' : 'not available'}: {shown.reason}
    </p>
  )
}
