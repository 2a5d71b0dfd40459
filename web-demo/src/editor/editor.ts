/** The code editor: what page and snippet share of CodeMirror. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completeAnyWord,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language'
import { Compartment, EditorState, type Extension } from '@codemirror/state'
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { highlighting } from './languages.ts'

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--code-number)' },
  { tag: tags.comment, color: 'var(--code-comment)', fontStyle: 'italic' },
  {
    tag: [
      tags.function(tags.variableName),
      tags.function(tags.propertyName),
      tags.definition(tags.function(tags.variableName)),
    ],
    color: 'var(--code-function)',
  },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.standard(tags.name)], color: 'var(--code-type)' },
  { tag: [tags.meta, tags.processingInstruction], color: 'var(--code-comment)' },
])

const look = EditorView.theme({
  '&': { height: '100%', fontSize: 'var(--code-size)', backgroundColor: 'transparent', color: 'var(--ink)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--accent)', padding: '10px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--faint)', border: 'none', paddingLeft: '6px' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--active-line)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'var(--selection)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--match)', outline: 'none' },
  '.cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket': {
    color: 'var(--red)',
    backgroundColor: 'transparent',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface)',
    color: 'var(--ink)',
    border: '1px solid var(--line)',
    borderRadius: '6px',
    overflow: 'hidden',
  },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)' },
})

export interface EditorOptions {
  parent: HTMLElement
  root?: Document | ShadowRoot
  label: string
  describedBy?: string
  onChange: (text: string) => void
}

export class Editor {
  readonly view: EditorView
  #options: EditorOptions
  #language = new Compartment()
  /** Documents that are open in other tabs, with their history and selection. */
  #states = new Map<string, EditorState>()
  #shown = ''

  constructor(options: EditorOptions) {
    this.#options = options
    this.view = new EditorView({
      parent: options.parent,
      ...(options.root && { root: options.root }),
      state: this.#state(''),
    })
  }

  /** Shows a document; `key` tells documents apart. */
  show(key: string, text: string, fileName: string, language: string): void {
    if (this.#shown !== '') this.#states.set(this.#shown, this.view.state)
    this.#shown = key
    const before = this.#states.get(key)
    this.view.setState(before && before.doc.toString() === text ? before : this.#state(text))
    void this.highlight(fileName, language)
  }

  async highlight(fileName: string, language: string): Promise<void> {
    const shown = this.#shown
    const extension = await highlighting(fileName, language)
    if (this.#shown === shown) this.view.dispatch({ effects: this.#language.reconfigure(extension) })
  }

  /** Documents whose keys are not among these are forgotten. */
  keep(keys: Set<string>): void {
    for (const key of this.#states.keys()) if (!keys.has(key)) this.#states.delete(key)
  }

  focus(): void {
    this.view.focus()
  }

  #state(text: string): EditorState {
    return EditorState.create({ doc: text, extensions: this.#extensions() })
  }

  #extensions(): Extension[] {
    const { label, describedBy, onChange } = this.#options
    return [
      lineNumbers(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      history(),
      drawSelection(),
      indentOnInput(),
      indentUnit.of('    '),
      bracketMatching(),
      closeBrackets(),
      autocompletion({ icons: false }),
      EditorState.languageData.of(() => [{ autocomplete: completeAnyWord }]),
      syntaxHighlighting(colours),
      look,
      this.#language.of([]),
      EditorView.contentAttributes.of({
        'aria-label': label,
        tabindex: '0',
        ...(describedBy && { 'aria-describedby': describedBy }),
      }),
      keymap.of([
        // It belongs to whoever runs the program; what was to be completed no longer is.
        { key: 'Mod-Enter', run: (view) => closeCompletion(view) && false },
        ...closeBracketsKeymap,
        ...completionKeymap,
        ...historyKeymap,
        ...defaultKeymap.filter(({ key }) => key !== 'Mod-Enter'),
        indentWithTab,
      ]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) onChange(update.state.doc.toString())
      }),
    ]
  }
}
