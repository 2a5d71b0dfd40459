from solution import missing

assert missing() == 1
