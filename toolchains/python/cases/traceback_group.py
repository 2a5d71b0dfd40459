def fail(error):
    raise error


errors = []
for error in (ValueError("a"), TypeError("b")):
    try:
        fail(error)
    except Exception as caught:
        errors.append(caught)
        caught.add_note("a note")
raise ExceptionGroup("both", errors)
