/** Every frame of the connection, for those who build a client. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { LoggedFrame } from './frame-log.ts'
import { Icon } from './icons.tsx'
import { notice } from './notices.tsx'
import { frames } from './session.ts'

/** Frames on the page at once; the newest are shown. */
const MOST_SHOWN = 200
/** Of one frame, until it is opened. */
const MOST_PREVIEW = 200
/** A frame that is longer is shown as its beginning; all of it can be copied. */
const MOST_OPEN = 20_000

async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    notice(`${what} copied`)
  } catch {
    notice('The browser has no clipboard for this page: it needs https or localhost.')
  }
}

export function Frames() {
  const [filter, setFilter] = useState('')
  const [isFollowing, setFollowing] = useState(true)
  const list = useRef<HTMLOListElement>(null)
  void frames.version.value
  const all = frames.matching(filter)
  const shown = all.slice(-MOST_SHOWN)
  const last = shown.at(-1)?.number
  useEffect(() => {
    if (isFollowing) list.current?.scrollTo({ top: list.current.scrollHeight })
  }, [last, isFollowing])
  return (
    <div class="frames">
      <div class="bar">
        <input
          type="search"
          aria-label="Filter frames"
          placeholder="filter, such as: stdout run-1"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={isFollowing}
            onChange={(event) => setFollowing(event.currentTarget.checked)}
          />
          follow
        </label>
        <button type="button" onClick={() => void copy(all.map(({ text }) => text).join('\n'), `${all.length} frames`)}>
          <Icon name="copy" />
          Copy all
        </button>
        <button type="button" onClick={() => frames.clear()}>
          Clear
        </button>
        <span class="faint">
          <a href="./v1/schema.json">schema</a> · <a href="./v1/asyncapi.json">AsyncAPI</a>
        </span>
      </div>
      {all.length > shown.length && (
        <p class="faint">
          The newest {MOST_SHOWN} of {all.length}
        </p>
      )}
      <ol ref={list} tabIndex={0} aria-label="Frames">
        {shown.map((frame) => (
          <Frame key={frame.number} frame={frame} />
        ))}
      </ol>
    </div>
  )
}

function Frame({ frame }: { frame: LoggedFrame }) {
  const [isOpen, setOpen] = useState(false)
  const { direction, atMs, type, text } = frame
  const isSent = direction === 'sent'
  return (
    <li class={direction}>
      <button type="button" class="frame" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <time>{(atMs / 1000).toFixed(3)}</time>
        <span class="direction" role="img" aria-label={direction}>
          {isSent ? '↑' : '↓'}
        </span>
        <b>{type}</b>
        <code>{text.slice(0, MOST_PREVIEW)}</code>
      </button>
      {isOpen && (
        <div class="whole">
          <button
            type="button"
            class="bare"
            aria-label="Copy the frame"
            title="Copy the frame"
            onClick={() => void copy(text, 'The frame')}
          >
            <Icon name="copy" />
          </button>
          <pre tabIndex={0}>{pretty(text)}</pre>
        </div>
      )}
    </li>
  )
}

function pretty(text: string): string {
  const whole = text.length > MOST_OPEN ? text : JSON.stringify(JSON.parse(text), null, 2)
  return whole.length > MOST_OPEN ? `${whole.slice(0, MOST_OPEN)} …` : whole
}
