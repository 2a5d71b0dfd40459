# expect: timeout
# limits: {"time_ms": 400}
# A pattern that tries everything, in code that is not Python.
import re
try:
    re.fullmatch(r"((a|a)*)*b", "a" * 100)
finally:
    re.fullmatch(r"((a|a)*)*b", "a" * 100)
