MINE = "the one beside the program"
