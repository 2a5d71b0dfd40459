"""JSON there and back."""

import json

record = {
    "id": 7,
    "name": "somebody \u00e9 \"quoted\"",
    "scores": [number * 1.5 for number in range(40)],
    "tags": {f"tag{number}": [number, str(number), None, number % 2 == 0] for number in range(40)},
    "nested": [{"a": {"b": {"c": [number] * 5}}} for number in range(30)],
}
checksum = 0
for number in range(2_600):
    record["id"] = number
    text = json.dumps(record, sort_keys=number % 2 == 0, indent=2 if number % 10 == 0 else None)
    again = json.loads(text)
    checksum += len(text) + len(again["tags"]) + again["id"]
print(checksum)
