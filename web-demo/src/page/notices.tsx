/** Short messages that go by themselves, and the offer to take back what was replaced. */
import { signal } from '@preact/signals'
import { Icon } from './icons.tsx'
import { replaced, takeBack } from './work.ts'

const SHOWN_MS = 6000
const text = signal('')
let timer: ReturnType<typeof setTimeout> | undefined

export function notice(message: string): void {
  text.value = message
  clearTimeout(timer)
  timer = setTimeout(() => {
    text.value = ''
  }, SHOWN_MS)
}

export function Notices() {
  const before = replaced.value
  return (
    <div class="notices" role="status">
      {text.value && <p class="notice">{text.value}</p>}
      {before && (
        <p class="notice">
          Your program was replaced by {before.by}.
          <button type="button" class="link" onClick={takeBack}>
            Take it back
          </button>
          <button
            type="button"
            class="bare"
            aria-label="Dismiss"
            onClick={() => {
              replaced.value = null
            }}
          >
            <Icon name="close" />
          </button>
        </p>
      )}
    </div>
  )
}
