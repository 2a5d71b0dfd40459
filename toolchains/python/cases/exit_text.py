def deep(n):
    if n:
        deep(n - 1)
    try:
        raise SystemExit("the reason")
    finally:
        print("finally")


deep(1)
