# @EXPECTED_RESULTS@: WRONG-ANSWER, RUN-ERROR
numbers = list(map(float, open(0).read().split()[1:]))
print(numbers[len(numbers) // 2] * 2 if numbers[1:] else numbers[0])
