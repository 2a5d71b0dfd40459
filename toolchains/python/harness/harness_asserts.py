"""Rewrites the asserts of a file of tests, so that a failing one says what it compared. Used by `harness_host`.

Each operand is evaluated once, in its place, and kept in a variable of its own. An assert at the top level of the file, or
in a function `check` there, becomes a test of its own, and the ones after it still run.
"""

import ast

_LONGEST_VALUE = 200
_LONGEST_TEXT = 120
_SHOWN_CALLS = {"isinstance", "issubclass", "all", "any", "callable", "bool", "hasattr"}


class Unset:
    """In place of an operand that was not evaluated."""


def rewrite(source, path):
    """The code object of a file of tests. It expects `_runnel_soft`, `_runnel_fail` and `_runnel_unset` among its globals."""
    tree = ast.parse(source, path)
    rewriter = _Rewriter()
    tree.body = [new for statement in tree.body for new in rewriter.replaced(statement)]
    return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


def text_of(node):
    text = ast.unparse(node)
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


class _Rewriter:
    """Walks statements; expressions are left alone except in an assert."""

    def __init__(self):
        self._names = 0

    def replaced(self, statement, soft=True):
        """The statements that one statement becomes; `soft`: its asserts are tests of their own."""
        if isinstance(statement, ast.Assert):
            return self._assert(statement, soft)
        self.visit_body_of(statement, soft)
        return [statement]

    def visit_body_of(self, statement, soft=True):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            soft = soft and isinstance(statement, ast.FunctionDef) and statement.name == "check"
        elif isinstance(statement, (ast.ClassDef, ast.Try, ast.TryStar)):
            soft = False
        for field in ("body", "orelse", "finalbody"):
            part = getattr(statement, field, None)
            if isinstance(part, list):
                part[:] = [new for each in part for new in self.replaced(each, soft)]
        for handler in [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]:
            handler.body[:] = [new for each in handler.body for new in self.replaced(each, soft)]

    def _assert(self, node, soft):
        text = text_of(node.test)
        operands = _operands(node.test)
        shown = []
        test = node.test
        for place, index, operand in operands:
            name = f"_runnel_{self._names}"
            self._names += 1
            kept = ast.NamedExpr(ast.Name(name, ast.Store()), operand)
            if place is None:
                test = kept
            elif index is None:
                setattr(*place, kept)
            else:
                getattr(*place)[index] = kept
            constant = isinstance(operand, ast.Constant)
            shown.append((name, text_of(operand), constant))
        operator = (
            type(node.test.ops[0]).__name__ if isinstance(node.test, ast.Compare) and len(node.test.ops) == 1 else ""
        )
        values = [
            ast.Tuple([ast.Constant(t), ast.Constant(c), ast.Name(n, ast.Load())], ast.Load()) for n, t, c in shown
        ]
        call = ast.Call(
            ast.Name("_runnel_fail", ast.Load()),
            [ast.Constant(text), ast.Constant(operator), ast.Tuple(values, ast.Load())]
            + ([node.msg] if node.msg else []),
            [],
        )
        lines = (
            [ast.Assign([ast.Name(n, ast.Store()) for n, *_ in shown], ast.Name("_runnel_unset", ast.Load()))]
            if shown
            else []
        )
        lines.append(ast.If(ast.UnaryOp(ast.Not(), test), [ast.Raise(call)], []))
        if soft:
            entered = ast.Call(
                ast.Name("_runnel_soft", ast.Load()), [ast.Constant(node.lineno), ast.Constant(text)], []
            )
            lines = [ast.With([ast.withitem(entered)], lines)]
        for line in lines:
            ast.copy_location(line, node)
            for part in ast.walk(line):
                if not hasattr(part, "lineno"):
                    ast.copy_location(part, node)
        return lines


def _operands(test):
    """What is shown of a condition: (where it stands, its index there, the expression)."""
    inner = test
    if isinstance(inner, ast.UnaryOp) and isinstance(inner.op, ast.Not):
        if not isinstance(inner.operand, (ast.Compare, ast.Call)):
            return [((inner, "operand"), None, inner.operand)]
        inner = inner.operand
        if isinstance(inner, ast.Call) and not _is_shown_call(inner):
            return [((test, "operand"), None, inner)]
    if isinstance(inner, ast.Compare):
        rights = [((inner, "comparators"), i, right) for i, right in enumerate(inner.comparators)]
        return [((inner, "left"), None, inner.left), *rights]
    if _is_shown_call(inner):
        return [((inner, "args"), 0, inner.args[0])]
    if isinstance(inner, (ast.BoolOp, ast.Constant)):
        return []
    return [(None, None, inner)]


def _is_shown_call(node):
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in _SHOWN_CALLS:
        return False
    return bool(node.args) and not isinstance(node.args[0], (ast.Starred, ast.GeneratorExp))


def failure(text, operator, operands, message=None):
    """The AssertionError of an assert that does not hold."""
    shown = [(source, constant, value) for source, constant, value in operands if value is not Unset]
    says = f"assert {text}"
    if len(shown) == 2 and operator == "Eq":
        says += f": got {short(shown[0][2])}"
        if not shown[1][1]:
            says += f", expected {short(shown[1][2])}"
    elif shown and operator:
        says += f": got {short(shown[0][2])}"
        says += "".join(f", {source} is {short(value)}" for source, constant, value in shown[1:] if not constant)
    elif shown:
        says += ": " + ", ".join(f"{source} is {short(value)}" for source, constant, value in shown if not constant)
    error = AssertionError(f"{str(message)[:1000]}\n{says}" if message is not None else says)
    error._runnel_says_all = True
    return error


def short(value):
    """A value in a message, whatever its `__repr__` does."""
    try:
        text = repr(value)
    except Exception as error:
        text = f"<an object whose repr raises {type(error).__name__}>"
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
