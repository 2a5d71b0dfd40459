/** The look of a snippet, apart from its page's; colours can be set from outside by the same names. */
const CSS = `
:host {
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --code-size: 14px;
  --surface: #ffffff; --raised: #f7f7f4; --ink: #1d2226; --muted: #59626b; --faint: #5f6871; --line: #dfe1dc; --field: #c3c8c4;
  --accent: #0f6b5c; --on-accent: #ffffff; --active-line: #0f6b5c0d; --selection: #0f6b5c2e; --match: #0f6b5c33; --red: #b3261e;
  --code-keyword: #8a2c7c; --code-string: #1a6b34; --code-number: #1f5fa8; --code-comment: #5f6871; --code-function: #1d4f91; --code-type: #7a4a00;
  display: block; border: 1px solid var(--line); border-radius: 10px; overflow: hidden; background: var(--surface); color: var(--ink);
  font: 14px/1.45 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :host {
    --surface: #191d20; --raised: #1e2326; --ink: #e4e7e8; --muted: #a3adb5; --faint: #8f99a2; --line: #2b3135; --field: #454d53;
    --accent: #56c8b0; --on-accent: #06231d; --active-line: #56c8b012; --selection: #56c8b03d; --match: #56c8b04d; --red: #ff8f85;
    --code-keyword: #e39bd8; --code-string: #8fd6a0; --code-number: #8fbef5; --code-comment: #8f99a2; --code-function: #9ec5fa; --code-type: #e5b95c;
  }
}
[hidden] { display: none !important; }
.bar { display: flex; align-items: center; gap: 12px; padding: 6px 6px 6px 14px; background: var(--raised); border-bottom: 1px solid var(--line); }
.language { font-weight: 600; }
.end { margin-left: auto; color: var(--muted); font-size: 12.5px; }
button { font: inherit; color: inherit; border: 1px solid var(--field); border-radius: 7px; background: var(--surface); padding: 4px 12px; min-height: 32px; cursor: pointer; }
.run { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
pre { margin: 0; padding: 10px 14px; font: var(--code-size)/1.55 var(--mono); overflow: auto; }
.output { border-top: 1px solid var(--line); background: var(--raised); max-height: 320px; font-size: 13px; white-space: pre-wrap; overflow-wrap: anywhere; }
.stderr { color: var(--red); }
.typed { color: var(--accent); }
.line { display: flex; gap: 6px; padding: 8px 10px; border-top: 1px solid var(--line); }
.line input { flex: 1; min-width: 0; font: 13px var(--mono); color: inherit; background: var(--surface); border: 1px solid var(--field); border-radius: 7px; padding: 4px 10px; }
`

let made: CSSStyleSheet | undefined

/** A sheet, not an element: a strict policy of the page around it allows it. */
export function sheet(): CSSStyleSheet {
  if (!made) {
    made = new CSSStyleSheet()
    made.replaceSync(CSS)
  }
  return made
}
