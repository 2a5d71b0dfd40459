# Two programs may share a snapshot, not their randomness: the clock must not be the only thing that differs.
import os
import random
import secrets
import tempfile
import uuid

values = [random.random(), random.Random().random(), random.SystemRandom().random(), uuid.uuid4(), uuid.uuid1()]
values += [secrets.token_hex(), os.urandom(8), tempfile.mktemp(), random.getrandbits(64)]
print(len(set(map(str, values))) == len(values))
random.seed(1)
print(random.random(), random.sample(range(100), 5))
print(hash("fixed") == hash("fi" + "xed"), hash(1.5), hash(10**20))
