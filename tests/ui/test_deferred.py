"""Work that Textual runs in the background, and the description that Textual makes of it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import candela_tui.ui
from candela_tui.ui.deferred import deferred


async def test_it_makes_the_call_each_time() -> None:
    made: list[tuple[int, str]] = []

    async def work(number: int, *, name: str) -> None:
        made.append((number, name))

    call = deferred(work, 7, name="seven")
    await call()
    await call()
    assert made == [(7, "seven"), (7, "seven")]


def test_its_description_has_no_arguments() -> None:
    async def work(exchanges: list[str]) -> None: ...

    assert "large" not in repr(deferred(work, ["large"]))


def described_with_arguments(tree: ast.AST) -> Iterator[int]:
    """Yield the lines of a module that give a worker a partial, whose repr has all of its arguments."""
    partials = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_partial(node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "run_worker":
            work = node.args[0]
            if is_partial(work) or (isinstance(work, ast.Name) and work.id in partials):
                yield node.lineno


def is_partial(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("partial", "functools.partial")


def test_no_worker_is_described_with_its_arguments() -> None:
    root = Path(next(iter(candela_tui.ui.__path__)))
    found = {
        f"{file.relative_to(root)}:{line}"
        for file in root.rglob("*.py")
        for line in described_with_arguments(ast.parse(file.read_text("utf-8")))
    }
    assert not found
    assert list(described_with_arguments(ast.parse("work = partial(act, large)\nself.run_worker(work)"))) == [2]
