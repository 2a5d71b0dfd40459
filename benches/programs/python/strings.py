# Strings: put together, cut, searched, changed.
parts = [f"item-{n % 977}:{n * 7919 % 10007}" for n in range(120_000)]
text = ",".join(parts)
total = 0
for part in text.split(","):
    name, value = part.split(":")
    total += len(name) + int(value)
    if "9:1" in part or part.startswith("item-3"):
        total += part.index(":")
    total += ord(part.upper()[len(part) // 2]) + len(part[2:6].rjust(9, "*"))
built = ""
for n in range(200_000):
    built += chr(97 + n % 26)
vowels = sum(letter in "aeiou" for letter in built)
print(total, vowels, len(built.replace("xyz", "-")))
