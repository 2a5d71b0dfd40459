# expect: error or memory_limit or success
# limits: {"memory_mb": 512, "time_ms": 20000}
# Depth where something recurses that nobody thinks of: comparing, printing, parsing, unpickling.
import ast, json, pickle
for attempt in (
    lambda: ast.parse("(" * 100_000),
    lambda: eval("-" * 100_000 + "1"),
    lambda: json.loads("[" * 100_000),
    lambda: pickle.loads(b"(" * 100_000 + b"l" * 100_000 + b"."),
    lambda: compile("a" + ".a" * 200_000, "x", "eval"),
):
    try:
        attempt()
    except BaseException as error:
        print(type(error).__name__)
x = ()
for _ in range(1_000_000):
    x = (x,)
print(x == x, hash(x))
