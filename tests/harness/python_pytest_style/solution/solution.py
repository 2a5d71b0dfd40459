def divide(a, b):
    return a / b


def words(text):
    return text.split()
