print("never")
total = (1 +
print(total
