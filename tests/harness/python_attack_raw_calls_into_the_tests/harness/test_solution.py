import solution

SECRET = "the secret"


def callback():
    return 1


def test_callback():
    assert solution.run(callback) == []
    assert SECRET == "the secret"
