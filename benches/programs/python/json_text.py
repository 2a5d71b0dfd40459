# JSON: a document written and read again.
import json


def make(depth):
    if depth == 0:
        return {"id": 0, "name": 'leaf é "x"', "values": [1, 2.5, -3e10, None, True], "tags": ["a", "b"]}
    return {"id": depth, "left": make(depth - 1), "right": make(depth - 1), "text": "x" * depth}


value = make(12)
length = total = 0
for _ in range(20):
    text = json.dumps(value)
    length += len(text)
    back = json.loads(text)
    node = back
    while "left" in node:
        node = node["left"]
    total += node["values"][1] + back["id"]
print(length, total)
