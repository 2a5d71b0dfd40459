/** Languages as people write them. One that we don't know is called as the server calls it. */
const TITLES: Record<string, string> = {
  python: 'Python',
  javascript: 'JavaScript',
  c: 'C',
  cpp: 'C++',
  cpp17: 'C++17',
  go: 'Go',
  csharp: 'C#',
  bash: 'Bash',
  multi: 'Several files',
}

export const titleOf = (name: string): string => TITLES[name] ?? name
