"""Regular expressions over a made-up log."""

import re

lines = [
    f"2026-11-{number % 28 + 1:02d} 10:{number % 60:02d}:00 host{number % 9} service[{number}]: user=u{number % 77} "
    f"took {number % 997}ms status={'error' if number % 13 == 0 else 'ok'} path=/a/{number % 31}/b?x={number}"
    for number in range(36_000)
]
whole = re.compile(r"^(\d{4})-(\d\d)-(\d\d) \S+ (\w+) (\w+)\[(\d+)\]: user=(\w+) took (\d+)ms status=(ok|error)")
query = re.compile(r"path=(?P<path>/[^?]*)\?(?:\w+=(\d+))")
checksum = 0
for line in lines:
    found = whole.match(line)
    checksum += int(found[3]) + int(found[8]) + (found[9] == "error")
    checksum += len(query.search(line)["path"])
text = "\n".join(lines)
checksum += len(re.findall(r"\b\w*7\w*\b", text)) + len(re.sub(r"[aeiou]+", "*", text))
checksum += len(re.split(r"[\s=:]+", text))
print(checksum)
