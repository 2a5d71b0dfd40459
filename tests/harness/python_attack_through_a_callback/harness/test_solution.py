import solution

SECRET = "expected"


class Player:
    def move(self):
        return 1


def test_of_a_function():
    assert solution.steal(lambda: 1) == []


def test_of_an_object():
    assert solution.steal(Player()) == []


def test_of_a_class():
    assert solution.steal(Player) == []


def test_of_a_generator():
    assert solution.steal((i for i in [1])) == []


def test_changes():
    player = Player()
    assert solution.change(player) == []
    assert player.move() == 1
    assert SECRET == "expected"
