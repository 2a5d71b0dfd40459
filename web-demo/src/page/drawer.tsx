/** Arguments, environment, limits and reproducible runs. */
import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { LimitsPart } from '../client/index.ts'
import { language, welcome } from './session.ts'
import { change, work } from './work.ts'

export const isDrawerOpen = signal(false)

const LIMITS: Record<keyof LimitsPart, string> = {
  time_ms: 'CPU time, ms',
  wall_ms: 'wall time, ms',
  compile_ms: 'compile time, ms',
  memory_mb: 'memory, MB',
  output_kb: 'output, KB',
  files_mb: 'files, MB',
  processes: 'processes',
}

export function Drawer() {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (isDrawerOpen.value) dialog.current?.showModal()
    else dialog.current?.close()
  }, [isDrawerOpen.value])
  const { args, env } = work.value
  return (
    <dialog
      ref={dialog}
      class="drawer"
      aria-labelledby="drawer-title"
      onClose={() => {
        isDrawerOpen.value = false
      }}
      // A click beside it closes it.
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <form method="dialog">
        <h2 id="drawer-title">Arguments & limits</h2>
        <label>
          arguments, one in each line
          <textarea
            class="code"
            rows={3}
            value={args}
            onInput={(event) => change({ args: event.currentTarget.value })}
          />
        </label>
        <label>
          environment, <code>NAME=value</code> in each line
          <textarea class="code" rows={2} value={env} onInput={(event) => change({ env: event.currentTarget.value })} />
        </label>
        <Limits />
        <Deterministic />
        <button type="submit" class="primary">
          Done
        </button>
      </form>
    </dialog>
  )
}

function Limits() {
  const { limits } = work.value
  const usual = language.value?.limits
  const most = welcome.value?.limits.most
  return (
    <fieldset>
      <legend>Limits</legend>
      <div class="limits">
        {(Object.keys(LIMITS) as Array<keyof LimitsPart>).map((name) => (
          <label key={name}>
            {LIMITS[name]}
            <input
              type="number"
              inputMode="numeric"
              min={1}
              max={most?.[name]}
              value={limits[name] ?? ''}
              placeholder={usual ? String(usual[name]) : ''}
              onInput={(event) => {
                const { value, valueAsNumber } = event.currentTarget
                change({
                  limits: {
                    ...limits,
                    [name]: value === '' || Number.isNaN(valueAsNumber) ? null : Math.round(valueAsNumber),
                  },
                })
              }}
            />
            {most && <small>at most {most[name].toLocaleString('en')}</small>}
          </label>
        ))}
      </div>
    </fieldset>
  )
}

function Deterministic() {
  const { deterministic } = work.value
  const isPossible = language.value?.engine !== 'docker'
  return (
    <fieldset disabled={!isPossible}>
      <legend>Reproducible run</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={deterministic.on}
          onChange={(event) => change({ deterministic: { ...deterministic, on: event.currentTarget.checked } })}
        />
        the same bytes and the same fuel on each machine
      </label>
      <p class="faint">
        {isPossible ? 'All input is then given beforehand.' : 'Only languages that run in cells can do that.'}
      </p>
      <div class="limits">
        <label>
          seed
          <input
            type="number"
            min={0}
            value={deterministic.seed}
            disabled={!deterministic.on}
            onInput={(event) =>
              change({
                deterministic: {
                  ...deterministic,
                  seed: Math.max(0, Math.round(event.currentTarget.valueAsNumber || 0)),
                },
              })
            }
          />
        </label>
        <label>
          clock begins at
          <input
            type="text"
            placeholder="2026-01-01T00:00:00Z"
            value={deterministic.now}
            disabled={!deterministic.on}
            onInput={(event) => change({ deterministic: { ...deterministic, now: event.currentTarget.value.trim() } })}
          />
        </label>
      </div>
    </fieldset>
  )
}
