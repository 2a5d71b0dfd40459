"""Integers of thousands of digits: multiplying, dividing, powers, to text and back."""

product = 1
for number in range(1, 5_000):
    product *= number
a, b = 0, 1
for _ in range(90_000):
    a, b = b, a + b
power = pow(3, 9_000)
checksum = product % 1_000_000_007 + a % 998_244_353 + (product // power) % 1_000_003
checksum += pow(7, a % (1 << 512), (1 << 521) - 1) % 1_000_003
for number in range(700):
    checksum += (power * (power + number)) % (product >> 40_000) % 9_973
text = str(power)
print(checksum + sum(map(int, text)) + int(text[:2_000]) % 9_973 + int.bit_length(product))
