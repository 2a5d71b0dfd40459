# Hints of the interpreter, which look into the frames and modules of the program.
value = 1
try:
    valeu
except NameError as error:
    import traceback

    traceback.print_exc()
[].apend(1)
