"""Read the docstrings below the fields of the settings, which say what each key means.

pydantic can read them too, but only when the module is imported, and every command would wait for that.
"""

import ast
import inspect
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from types import ModuleType

from pydantic import BaseModel

from candela_tui.config import settings


def field_docstrings(section: type[BaseModel]) -> dict[str, str]:
    """Return the docstring of each field of a section that has one, also of those that it inherits."""
    found: dict[str, str] = {}
    for kind in reversed(section.__mro__):
        found.update(_docstrings(settings).get(kind.__name__, {}))
    return found


@cache
def _docstrings(module: ModuleType) -> Mapping[str, Mapping[str, str]]:
    """Return the docstrings of the fields of each class of a module."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = dict(_below_fields(node))
    return found


def _below_fields(node: ast.ClassDef) -> list[tuple[str, str]]:
    return [
        (field.target.id, below.value.value)
        for field, below in pairwise(node.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    ]
