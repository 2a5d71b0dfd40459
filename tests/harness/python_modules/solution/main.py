import util

if __name__ == "__main__":
    raise SystemExit("not imported")


def run():
    return f"ran with {util.__name__}"
