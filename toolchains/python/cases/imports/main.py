# Modules, packages, relative imports, namespace packages and data beside the program.
import importlib.resources
import importlib.util
import os
import pkgutil
import runpy
import sys

import helper
import package.sub.leaf
import space.inner.thing
from package import value

print(helper.NAME, helper.__file__, value, package.sub.leaf.up, space.inner.thing.HERE)
print(package.__path__, list(space.__path__), package.sub.leaf.__package__)
print(open("data.txt").read().strip(), open(os.path.join(os.path.dirname(__file__), "data.txt")).read().strip())
print(pkgutil.get_data("package", "note.txt"), importlib.resources.files("package").joinpath("note.txt").read_text())
print(sorted(module.name for module in pkgutil.iter_modules(["/box"])))
print(importlib.import_module("package.sub.leaf") is package.sub.leaf, importlib.util.find_spec("nowhere"))
print(runpy.run_path("script.py")["result"], runpy.run_module("package.sub.leaf")["up"])
with open("made.py", "w") as file:
    file.write("made = 'at run time'\n")
importlib.invalidate_caches()
import made

print(made.made)
helper.NAME = "changed"
print(importlib.reload(helper).NAME)
print(sorted(os.listdir(".")), "queue" in sys.modules)
import queue

print(queue.MINE)
import missing.thing
