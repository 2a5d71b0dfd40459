print(callable(help), str(copyright)[:13])
import antigravity_missing
