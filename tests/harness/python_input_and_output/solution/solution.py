def asks():
    return input("name? ")


def says(text):
    print(text)
