# expect: memory_limit or timeout or error
# limits: {"memory_mb": 48, "time_ms": 2000}
# A word that stands for a billion.
echo {a..z}{a..z}{a..z}{a..z}{a..z}{a..z}{a..z}
