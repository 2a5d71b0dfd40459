# Big integers: products, powers, digits.
product = 1
for n in range(1, 12001):
    product *= n
a, b = 0, 1
for _ in range(60_000):
    a, b = b, a + b
modulus = (1 << 2203) - 1
power = 3
for _ in range(20_000):
    power = (power * power + 3) % modulus
print(len(str(product % 10**4000)), product.bit_length(), a % 1_000_000_007, power % 1_000_000_007, pow(3, modulus >> 3, modulus) % 1_000_003)
