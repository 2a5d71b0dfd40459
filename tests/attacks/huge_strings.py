# expect: memory_limit or error
# limits: {"memory_mb": 96}
# A format that asks for a billion blanks, and a string that doubles.
text = f"{'x':>{10 ** 9}}"
while True:
    text += text
