/** The files of the program: a tab for each, and the editor. */
import { effect } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Editor } from '../editor/editor.ts'
import { Icon } from './icons.tsx'
import { change, changeFile, currentFile, freeName, newKey, type SourceFile, shownFile, work } from './work.ts'

export function Files() {
  const host = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const editor = new Editor({
      parent: host.current as HTMLElement,
      label: 'Program',
      describedBy: 'editor-help',
      onChange: (text) => changeFile(currentFile.peek().key, { text }),
    })
    let shown: { key: string; name: string; language: string } | undefined
    const stop = effect(() => {
      const { key, name, text } = currentFile.value
      const { language, files } = work.value
      if (shown?.key !== key || editor.view.state.doc.toString() !== text) editor.show(key, text, name, language)
      else if (shown.name !== name || shown.language !== language) void editor.highlight(name, language)
      shown = { key, name, language }
      editor.keep(new Set(files.map((file) => file.key)))
    })
    // On a phone the keyboard would come up at once.
    if (matchMedia('(pointer: fine)').matches) editor.focus()
    return () => {
      stop()
      editor.view.destroy()
    }
  }, [])
  return (
    <section class="files" aria-label="Program">
      <FileTabs />
      <div class="editor" id="editor" ref={host} />
      <p class="hidden" id="editor-help">
        Control Enter runs the program, Escape stops it. Escape and then Tab leaves the editor.
      </p>
    </section>
  )
}

function FileTabs() {
  const { files } = work.value
  const add = () => {
    const ending = files[0]?.name.match(/\.[^.]*$/)?.[0] ?? ''
    const file = {
      key: newKey(),
      name: freeName(
        `file${ending}`,
        files.map(({ name }) => name),
      ),
      text: '',
    }
    change({ files: [...files, file] })
    shownFile.value = file.key
  }
  const close = (file: SourceFile) => {
    if (file.text.trim() !== '' && !confirm(`Delete ${file.name}?`)) return
    const rest = files.filter(({ key }) => key !== file.key)
    change({ files: rest })
    shownFile.value = rest[0]?.key ?? ''
  }
  return (
    <div class="tabs file-tabs">
      <ul aria-label="Files">
        {files.map((file, index) => (
          <li key={file.key} class={file.key === currentFile.value.key ? 'shown' : ''}>
            <FileTab file={file} isMain={index === 0} />
            {files.length > 1 && (
              <button type="button" class="bare" aria-label={`Delete ${file.name}`} onClick={() => close(file)}>
                <Icon name="close" />
              </button>
            )}
          </li>
        ))}
      </ul>
      <button type="button" class="bare add" aria-label="New file" title="New file" onClick={add}>
        <Icon name="plus" />
      </button>
    </div>
  )
}

/** A click shows the file; another one, or F2, renames it. */
function FileTab({ file, isMain }: { file: SourceFile; isMain: boolean }) {
  const [isNaming, setNaming] = useState(false)
  const isShown = file.key === currentFile.value.key
  const rename = (given: string) => {
    setNaming(false)
    const others = work.value.files.filter(({ key }) => key !== file.key).map(({ name }) => name)
    if (given.trim() !== '') changeFile(file.key, { name: freeName(given.trim(), others) })
  }
  if (isNaming) {
    return (
      <input
        class="rename"
        aria-label="Name of the file"
        value={file.name}
        size={Math.max(6, file.name.length)}
        ref={(input) => input?.focus()}
        onFocus={(event) => event.currentTarget.select()}
        onBlur={(event) => rename(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') event.currentTarget.blur()
          if (event.key !== 'Escape') return
          event.preventDefault()
          setNaming(false)
        }}
      />
    )
  }
  return (
    <button
      type="button"
      aria-current={isShown}
      title={isMain ? 'The file that is started. Click again or F2 to rename' : 'Click again or F2 to rename'}
      onClick={() => {
        if (isShown) setNaming(true)
        else shownFile.value = file.key
      }}
      onKeyDown={(event) => event.key === 'F2' && setNaming(true)}
    >
      {file.name}
    </button>
  )
}
