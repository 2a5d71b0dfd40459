# Exceptions raised and caught, context managers, unpacking.
from contextlib import contextmanager


class Refused(ValueError):
    pass


@contextmanager
def counted(counter):
    counter[0] += 1
    yield counter
    counter[1] += 1


def check(n):
    if n % 3 == 0:
        raise Refused(f"no {n}")
    return {"inner": {"deep": n} if n % 5 else None}


counter, total = [0, 0], 0
for n in range(200_000):
    try:
        with counted(counter):
            inner = check(n)["inner"]
            total += inner["deep"] if inner else 1
    except Refused as fault:
        total += len(str(fault))
    finally:
        total += 1
print(total, *counter)
