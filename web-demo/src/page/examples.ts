/** Programs to begin with. Each language has the server's own hello, and one that talks; some have more. */
import type { LanguagePart } from '../client/index.ts'
import { type Case, emptyWork, newKey, type View, type Work } from './work.ts'

export interface Example {
  title: string
  view: View
  make: () => Work
}

const TALKS: Record<string, string> = {
  python: `import random

secret = random.randint(1, 100)
print("I think of a number from 1 to 100.")
for tries in range(1, 100):
    guess = int(input("Your guess: "))
    if guess == secret:
        print(f"Right, after {tries}!")
        break
    print("higher" if guess < secret else "lower")
`,
  javascript: `const readline = require("readline");
const talk = readline.createInterface({ input: process.stdin, output: process.stdout });

talk.question("What is your name? ", (name) => {
  talk.question(\`Hello, \${name}! A number, please: \`, (number) => {
    console.log(\`\${number} squared is \${number ** 2}\`);
    talk.close();
  });
});
`,
  c: `#include <stdio.h>

int main(void) {
    int number, sum = 0;
    printf("Numbers to add, Ctrl-D when done\\n> ");
    while (scanf("%d", &number) == 1) {
        sum += number;
        printf("%d so far\\n> ", sum);
    }
    printf("\\nsum: %d\\n", sum);
}
`,
  cpp: `#include <iostream>
#include <string>

int main() {
    std::string line;
    std::cout << "Words to turn around, Ctrl-D when done\\n> ";
    while (std::getline(std::cin, line)) {
        std::cout << std::string(line.rbegin(), line.rend()) << "\\n> ";
    }
    std::cout << "\\n";
}
`,
  go: `package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	fmt.Print("Say something, Ctrl-D when done\\n> ")
	for lines.Scan() {
		fmt.Printf("%s\\n> ", strings.ToUpper(lines.Text()))
	}
	fmt.Println()
}
`,
  csharp: `using System;

class Program
{
    static void Main()
    {
        Console.Write("What is your name? ");
        var name = Console.ReadLine();
        Console.WriteLine($"Hello, {name}! You have {name.Length} letters.");
    }
}
`,
  bash: `read -rp "What is your name? " name
echo "Hello, $name!"
`,
}

const LIVE: Record<string, string> = {
  python: `import sys
import time

for second in range(5):
    print("tick", second)
    time.sleep(0.4)
    print("tock", second, file=sys.stderr)
    time.sleep(0.4)
`,
  javascript: `let second = 0;
const clock = setInterval(() => {
  console.log("tick", second);
  if (++second === 5) clearInterval(clock);
}, 500);
`,
  bash: `for second in 1 2 3 4 5; do
  echo "tick $second"
  sleep 0.5
done
`,
}

const FILES = {
  'main.py': `import csv
import sys

from statistics_of import summary

name = sys.argv[1] if len(sys.argv) > 1 else "heights.csv"
with open(name) as file:
    rows = list(csv.DictReader(file))
print(summary([float(row["height"]) for row in rows]))
`,
  'statistics_of.py': `from statistics import mean, stdev


def summary(values):
    return f"{len(values)} values, mean {mean(values):.2f}, deviation {stdev(values):.2f}"
`,
  'heights.csv': 'name,height\nAda,1.68\nAlan,1.78\nGrace,1.65\nEdsger,1.83\n',
}

const VERDICTS = `n = int(input())
if n == 2:
    print("a wrong answer ")
elif n == 3:
    while True:
        pass
elif n == 4:
    print(len(bytearray(1 << 30)))
elif n == 5:
    print(1 // 0)
else:
    print(n * n)
`

function test(name: string, input: string, expected: string | null, hidden = false): Case {
  return { key: newKey(), name, input, expected, hidden }
}

function program(language: string, files: Record<string, string>, fields: Partial<Work> = {}): Work {
  return {
    ...emptyWork(language),
    files: Object.entries(files).map(([name, text]) => ({ key: newKey(), name, text })),
    ...fields,
  }
}

/** The file that a language's program is in, as its own examples name it. */
const MAIN: Record<string, string> = {
  python: 'main.py',
  javascript: 'main.js',
  c: 'main.c',
  go: 'main.go',
  csharp: 'main.cs',
  bash: 'main.sh',
  multi: 'run',
}
export function mainFile(language: string): string {
  return MAIN[language] ?? (language.startsWith('cpp') ? 'main.cpp' : 'main')
}

export function examples({ name, example }: LanguagePart): Example[] {
  const main = mainFile(name)
  const family = name.replace(/\d+$/, '')
  const all: Example[] = [{ title: 'Hello', view: 'output', make: () => program(name, { [main]: example }) }]
  const add = (title: string, code: string | undefined) => {
    if (code !== undefined) all.push({ title, view: 'output', make: () => program(name, { [main]: code }) })
  }
  add('A conversation', TALKS[family])
  add('Live output', LIVE[family])
  if (name === 'python') {
    all.push({ title: 'Several files', view: 'output', make: () => program(name, FILES, { args: 'heights.csv' }) })
    all.push({ title: 'Tests with every verdict', view: 'tests', make: everyVerdict })
    all.push({ title: 'The same each time', view: 'output', make: reproducible })
  }
  return all
}

export function everyVerdict(): Work {
  const cases = [
    test('right', '7\n', '49\n'),
    test('wrong', '2\n', '4\n'),
    test('too slow', '3\n', '9\n'),
    test('too much memory', '4\n', '16\n'),
    test('fails', '5\n', '25\n'),
    test('nobody sees it', '12\n', '144\n', true),
  ]
  return program('python', { 'main.py': VERDICTS }, { cases, limits: { time_ms: 500, memory_mb: 128 } })
}

function reproducible(): Work {
  const code = 'import random\nimport time\n\nprint(random.random())\nprint(time.ctime())\n'
  return program('python', { 'main.py': code }, { deterministic: { on: true, seed: 7, now: '2026-01-01T00:00:00Z' } })
}
