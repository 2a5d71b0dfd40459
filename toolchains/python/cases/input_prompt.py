# The prompt comes before the program waits; the end of the input is an EOFError.
name = input("name? ")
print("hello", name)
print("age?", end=" ")
print(int(input()) + 1)
try:
    input("more? ")
except EOFError as error:
    print(repr(error))
