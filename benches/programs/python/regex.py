# Regular expressions: search, groups, replace.
import re

lines = [
    f'2026-{n % 12 + 1:02}-17 10.0.{n % 256}.{n * 7 % 256} GET /path/{n}/index.html?user=u{n % 97}&x={n * 3} {200 + n % 5} "agent {n % 13}"'
    for n in range(60_000)
]
pattern = re.compile(r'^(\d{4})-(\d\d)-(\d\d) ((?:\d+\.){3}\d+) (\w+) (\S+) (\d{3}) "([^"]*)"$')
pair = re.compile(r"([a-z]+)=([a-z0-9]+)")
digits = re.compile(r"\d+")
total = 0
for line in lines:
    found = pattern.match(line)
    total += int(found[2]) + int(found[7]) + len(found[6])
    for one in pair.finditer(line):
        total += len(one[1]) * len(one[2])
    total += len(digits.sub("#", line))
print(total)
