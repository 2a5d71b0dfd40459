import { describe, expect, it } from 'vitest'
import { diff, visible } from './diff.ts'
import { imported } from './import.ts'
import { job } from './session.ts'
import { link, opened } from './share.ts'
import { complete, emptyWork, freeName, newKey, type Work } from './work.ts'

const HERE = 'https://host/below/?lang=old#old'

function someWork(): Work {
  return {
    ...emptyWork('javascript'),
    files: [
      { key: newKey(), name: 'main.js', text: 'console.log("ü\u2028")\n'.repeat(500) },
      { key: newKey(), name: 'data.txt', text: '' },
    ],
    args: 'one two\nthree',
    limits: { time_ms: 700 },
    cases: [{ key: newKey(), name: 'a', input: '1', expected: null, hidden: true }],
    compare: 'float',
  }
}

const withoutKeys = (work: Work) =>
  JSON.parse(JSON.stringify(work, (name, value) => (name === 'key' ? undefined : value)))

describe('links', () => {
  it('bring back all of it', async () => {
    const work = someWork()
    const address = await link(work, 'tests', HERE)
    expect(address).toMatch(/^https:\/\/host\/below\/#s=[\w-]+$/)
    expect(address.length).toBeLessThan(600)
    const asked = await opened(address)
    expect(asked && withoutKeys(asked.work)).toEqual(withoutKeys(work))
    expect(asked?.view).toBe('tests')
    expect(asked?.run).toBe(false)
  })

  it('may hold the program in the query', async () => {
    const asked = await opened('https://host/?lang=js&code=1%2B1&run=1')
    expect([asked?.work.language, asked?.work.files[0]?.text, asked?.run]).toEqual(['js', '1+1', true])
    expect(await opened('https://host/#elsewhere')).toBe(null)
  })

  it('that are broken are refused', async () => {
    await expect(opened('https://host/#s=AAAA')).rejects.toThrow()
    await expect(opened(`${(await link(someWork(), 'output', HERE)).slice(0, -9)}`)).rejects.toThrow()
  })
})

describe('work out of storage', () => {
  it('is whole whatever was stored', () => {
    for (const stored of [
      null,
      7,
      {},
      { files: 'x', cases: [{}, null] },
      { files: [{ text: 3 }], compare: 'nonsense', args: 7, limits: [] },
    ]) {
      const work = complete(stored)
      expect(work.files.length).toBeGreaterThan(0)
      expect(work.compare).toBe('lines')
      expect(() => job(work, 'tests')).not.toThrow()
    }
  })
})

describe('the frame of some work', () => {
  it('has what was asked for and nothing else', () => {
    const { files, ...rest } = job(someWork(), 'program')
    expect(Object.keys(files ?? {})).toEqual(['main.js', 'data.txt'])
    expect(rest).toEqual({
      language: 'javascript',
      main: 'main.js',
      args: ['one two', 'three'],
      limits: { time_ms: 700 },
      interactive: true,
    })
  })

  it('has tests in place of input', () => {
    const asked = job(someWork(), 'tests')
    expect(asked.tests).toEqual({ visible: [], hidden: [{ id: 'a', input: '1' }] })
    expect(asked.compare).toEqual({ float: { abs: 1e-6, rel: 1e-6 } })
    expect(asked.interactive).toBe(undefined)
  })

  it('gives a reproducible run all of its input', () => {
    const work = { ...emptyWork(), stdin: '1\n', deterministic: { on: true, seed: 3, now: '' } }
    expect(job(work, 'program')).toMatchObject({ stdin: '1\n', deterministic: { seed: 3 } })
  })
})

describe('names', () => {
  it('are free', () => {
    expect(freeName('a.py', ['b.py'])).toBe('a.py')
    expect(freeName('a.py', ['a.py', 'a-2.py'])).toBe('a-3.py')
    expect(freeName('a', ['a'])).toBe('a-2')
  })
})

describe('differences', () => {
  const kinds = (expected: string, actual: string) =>
    diff(expected, actual).map(({ kind, text }) => kind[0] + text.trim())

  it.each([
    ['a\nb\nc\n', 'a\nb\nc\n', ['sa', 'sb', 'sc']],
    ['a\nb\nc\n', 'a\nc\n', ['sa', 'mb', 'sc']],
    ['a\nc\n', 'a\nb\nc\n', ['sa', 'eb', 'sc']],
    ['a\nb\nc\n', 'a\nx\nc\n', ['sa', 'mb', 'ex', 'sc']],
    ['a\n', 'a', ['ma', 'ea']],
    ['', 'a\n', ['ea']],
    ['', '', []],
  ])('%j against %j', (expected, actual, lines) => expect(kinds(expected, actual)).toEqual(lines))

  it('of long outputs are found at all', () => {
    const long = (word: string) => `${Array.from({ length: 5000 }, (_, at) => `${word}${at}`).join('\n')}\n`
    expect(diff(long('a'), long('b')).length).toBe(10_000)
  })

  it('show white space at the end, tabs, and a missing end', () => {
    const shown = (line: string) =>
      visible(line)
        .map(({ text, isMark }) => (isMark ? `<${text}>` : text))
        .join('')
    expect(shown('a b \n')).toBe('a b<·><↵>')
    expect(shown('a  b\tc')).toBe('a<··>b<→\t>c<⊣>')
    expect(shown('x\r\n')).toBe('x<␍><↵>')
    expect(shown('\n')).toBe('<↵>')
  })
})

describe('imported files', () => {
  it('are paired by name and sorted by number', async () => {
    const files = ['10.in', '2.in', '2.ans', '10.out', 'lone.out', 'notes.md', '3.in.txt'].map(
      (name) => new File([name], name),
    )
    const { cases, left } = await imported(files, ['2'])
    expect(cases.map(({ name, input, expected }) => [name, input, expected])).toEqual([
      ['2-2', '2.in', '2.ans'],
      ['3', '3.in.txt', null],
      ['10', '10.in', '10.out'],
    ])
    expect(left).toEqual(['notes.md: neither .in nor .out or .ans', 'lone: an output without an input'])
  })
})
