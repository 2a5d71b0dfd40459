# Runs the cells of a notebook one after the other in one namespace, and writes what became of each to a file. The server's own, started in the
# sandbox: `.runnel-cells.json` is what was asked, the file that it names is the answer.
import ast
import io
import json
import os
import sys
import traceback

MOST = 1 << 20  # characters of one stream of one cell
TOTAL = 4 << 20  # of all


class Capture(io.StringIO):
    def write(self, text):
        global TOTAL
        fits = max(0, min(MOST - self.tell(), TOTAL))
        TOTAL -= min(len(text), fits)
        super().write(text[:fits])
        return len(text)


def run(code, space):
    """The value of the last expression, if there is one."""
    tree = ast.parse(code, "<cell>")
    last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), space)
    return None if last is None else eval(compile(last, "<cell>", "eval"), space)


def cell(code, space):
    out, err, display, error = Capture(), Capture(), [], []
    sys.stdout, sys.stderr = out, err
    try:
        value = run(code, space)
        if value is not None:
            space["_"] = value
            display.append({"text/plain": repr(value)[:MOST]})
    except BaseException as fault:
        lines = traceback.format_exception(type(fault), fault, fault.__traceback__.tb_next and fault.__traceback__.tb_next.tb_next)
        error.append({"ename": type(fault).__name__, "evalue": str(fault)[:MOST], "traceback": [line[:MOST] for line in lines]})
    finally:
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    return {"stdout": out.getvalue(), "stderr": err.getvalue(), "display": display, "error": error}


def main():
    with open(".runnel-cells.json") as file:
        asked = json.load(file)
    os.remove(".runnel-cells.json")
    # What a cell sees as the program, with nothing of ours in it.
    space = {"__name__": "__main__", "__builtins__": __builtins__}
    done = [cell(code, space) for code in asked["cells"]]
    with open(asked["answer"], "w") as file:
        json.dump(done, file)


main()
