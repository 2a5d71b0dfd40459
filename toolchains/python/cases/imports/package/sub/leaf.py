from . import text
from .. import value

up = (text, value)
