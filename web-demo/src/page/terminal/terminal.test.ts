import { describe, expect, it } from 'vitest'
import { Backlog, MOST_WAITING } from './backlog.ts'
import { columns, Line } from './line.ts'

describe('the backlog', () => {
  it('gives pieces in order, some at a time', () => {
    const backlog = new Backlog()
    for (const data of ['aa', 'bb', 'cc']) backlog.push('stdout', data)
    expect(backlog.take(3).pieces.map(({ data }) => data)).toEqual(['aa', 'bb'])
    expect(backlog.take(3).pieces.map(({ data }) => data)).toEqual(['cc'])
    expect(backlog.isEmpty).toBe(true)
  })

  it('is bounded and says what it left out', () => {
    const backlog = new Backlog()
    const piece = 'x'.repeat(MOST_WAITING / 4)
    for (let count = 0; count < 10; count++) backlog.push('stdout', count + piece.slice(1))
    const { pieces, skipped } = backlog.take(Number.POSITIVE_INFINITY)
    expect(pieces.map(({ data }) => data[0])).toEqual(['6', '7', '8', '9'])
    expect(skipped).toBe(6 * piece.length)
    expect(backlog.take(1).skipped).toBe(0)
  })
})

describe('a line', () => {
  function typed(...data: string[]) {
    const told: string[] = []
    let echo = ''
    const line = new Line({
      echo: (text) => {
        echo += text
      },
      line: (text) => told.push(text),
      eof: () => told.push('EOF'),
      interrupt: () => told.push('INT'),
    })
    for (const piece of data) line.type(piece)
    return { told, echo }
  }

  it.each([
    [['ab', '\r'], ['ab\n']],
    [['one\ntwo\r\nthree'], ['one\n', 'two\n']],
    [['ax', '\x7f', 'b\r'], ['ab\n']],
    [['\x7f\r'], ['\n']],
    [['ab\x15c\r'], ['c\n']],
    [['one two\x17three\r'], ['one three\n']],
    [['\x04'], ['EOF']],
    [
      ['ab\x04', '\x04'],
      ['ab', 'EOF'],
    ],
    [
      ['ab\x03', 'c\r'],
      ['INT', 'c\n'],
    ],
    [['a\x1b[Db\x1b[3~\x1bOP\r'], ['ab\n']],
    [['e\u0301👩‍👩‍👧\x7f\x7f\r'], ['\n']],
  ])('%j', (data, told) => expect(typed(...data).told).toEqual(told))

  it('shows what is typed and takes it back by its width', () => {
    expect(typed('a日\x7f').echo).toBe('a日\b \b\b \b')
    expect(['a', '日', '🙂', 'é'].map(columns)).toEqual([1, 2, 2, 1])
  })
})
