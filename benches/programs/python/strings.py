"""Text: splitting, joining, formatting, replacing, searching."""

words = "the quick brown fox jumps over the lazy dog while seven wizards box with jolly quacking hens".split()
checksum = 0
for number in range(110_000):
    line = " ".join(words[number % 7 :]) + f" {number:06d} {number / 3:.3f}"
    parts = line.upper().replace("O", "00").split()
    checksum += len("-".join(reversed(parts))) + line.find("seven") + line.count("o")
    if line.startswith("brown") and not line.endswith("7"):
        checksum += len(line.strip("0123456789. ").title())
text = "".join(chr(97 + number * number % 26) for number in range(200_000))
for letter in "abcdefghijklmnopqrstuvwxyz":
    checksum += text.count(letter * 2) + text.rfind(letter) + len(text.split(letter))
print(checksum)
