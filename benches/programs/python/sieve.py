# Numeric: the primes below three million, with slices of a bytearray.
LIMIT = 6_000_000
prime = bytearray([1]) * (LIMIT + 1)
prime[0] = prime[1] = 0
for n in range(2, int(LIMIT**0.5) + 1):
    if prime[n]:
        prime[n * n :: n] = bytes(len(range(n * n, LIMIT + 1, n)))
total = 0
for n, is_prime in enumerate(prime):
    if is_prime:
        total += n
print(sum(prime), total)
