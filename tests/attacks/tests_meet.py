# expect: success
# tests: 3
# Each test leaves a word for the next one, and looks for one; no sandbox is used twice.
import builtins, os, sys
mine = input()
left = [path for path in ("/tmp/word", "word", "/box/word") if os.path.exists(path)]
for path in ("/tmp/word", "word"):
    open(path, "w").write(mine)
if left or hasattr(builtins, "word") or "word" in sys.modules or sys.stdin.read():
    print("FOUND", left)
builtins.word = sys.modules["word"] = sys
print("well", end="")
