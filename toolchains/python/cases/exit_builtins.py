try:
    quit(2)
except SystemExit as error:
    print(repr(error), repr(exit))
exit()
