"""Primes by crossing out: a loop over a list, and slices of bytes."""


def by_loop(limit):
    is_prime = [True] * (limit + 1)
    is_prime[0] = is_prime[1] = False
    number = 2
    while number * number <= limit:
        if is_prime[number]:
            multiple = number * number
            while multiple <= limit:
                is_prime[multiple] = False
                multiple += number
        number += 1
    return [number for number, prime in enumerate(is_prime) if prime]


def by_slices(limit):
    is_prime = bytearray([1]) * (limit + 1)
    is_prime[:2] = b"\0\0"
    for number in range(2, int(limit**0.5) + 1):
        if is_prime[number]:
            is_prime[number * number :: number] = bytes(len(range(number * number, limit + 1, number)))
    return sum(is_prime)


primes = by_loop(3_000_000)
print(len(primes), primes[-1], sum(primes) % 1_000_003, by_slices(5_000_000))
