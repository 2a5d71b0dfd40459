# Warnings of the compiler, and filters in their first state.
import warnings

print([w[0] for w in warnings.filters if w[0] != "default"][:4])
text = "\d"
print(1 is 1)
