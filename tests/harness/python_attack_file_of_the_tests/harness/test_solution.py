import answers
from solution import add

assert add(1, 2) == answers.THREE
