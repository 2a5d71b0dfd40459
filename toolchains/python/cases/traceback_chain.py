# Frames of the program only; causes and contexts; lines of the library with their source.
import json


class Refused(Exception):
    pass


def parse(text):
    try:
        return json.loads(text)
    except ValueError as error:
        raise Refused("not JSON") from error


try:
    parse("{")
except Refused:
    {}["missing"]
