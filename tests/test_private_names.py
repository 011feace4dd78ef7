"""The private names of libraries that candela relies on are there. pyproject.toml bounds these libraries tightly.

A name that is gone fails here, with what it is for, before a user meets it.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import TCPConnector, http_writer, web
from aiohttp.client_proto import ResponseHandler
from aiohttp.web_protocol import RequestHandler
from botocore.credentials import AssumeRoleProvider, RefreshableCredentials
from genai_prices import types as genai_types
from textual import _context
from textual.app import App
from textual.dom import DOMNode
from textual.drivers import _writer_thread
from textual.drivers.linux_driver import LinuxDriver

import candela_tui

ROOT = Path(candela_tui.__file__).parent


class Private(NamedTuple):
    """A private name, where the library defines it, and what candela needs it for."""

    name: str
    owner: object
    purpose: str


PRIVATE = (
    Private("_serialize_headers", http_writer, "write header bytes that are not UTF-8 (network/header_bytes.py)"),
    Private("_factory", TCPConnector, "make connections that see the provider's end (network/provider_connection.py)"),
    Private("_tail", ResponseHandler, "tell whether a provider spoke unasked (network/provider_connection.py)"),
    Private("_messages", RequestHandler, "see the newest request's body (proxy/access/client_connection.py)"),
    Private("_waiter", RequestHandler, "tell a waiting connection from a busy one (proxy/access/client_connection.py)"),
    Private("_loop", RequestHandler, "look for half-closed clients again (proxy/access/client_connection.py)"),
    Private("_message_tail", RequestHandler, "hand over what is behind CONNECT (proxy/access/client_connection.py)"),
    Private("_kwargs", web.Server, "hand its options to our connections (proxy/access/guard.py)"),
    Private("_loop", web.Server, "hand its loop to our connections (proxy/access/guard.py)"),
    Private("_handle_exception", App, "end the dashboard by an error of the loop (ui/run.py)"),
    Private("active_message_pump", _context, "tell which part of the screen an error is from (ui/app.py)"),
    Private("_running", App, "ignore what callbacks miss while the app closes (ui/app.py)"),
    Private("_pruning", DOMNode, "ignore what callbacks miss while their screen closes (ui/app.py)"),
    Private("_fatal_error", App, "keep the traceback of a crash (ui/app.py)"),
    Private("_exception", App, "keep the traceback of a crash (ui/app.py)"),
    Private("_close_messages_no_wait", App, "end after a crash without Textual's own report (ui/app.py)"),
    Private("_driver", App, "write sequences of ours to the terminal (ui/app.py)"),
    Private("WriterThread", _writer_thread, "write to the terminal without waiting for it (ui/terminal/driver.py)"),
    Private("_file", _writer_thread.WriterThread, "write to the terminal's descriptor (ui/terminal/driver.py)"),
    Private("_writer_thread", LinuxDriver, "put a writer of ours in its place (ui/terminal/driver.py)"),
    Private("_file", LinuxDriver, "draw on standard output (ui/terminal/driver.py)"),
    Private("_app", LinuxDriver, "draw everything again after dropped frames (ui/terminal/driver.py)"),
    Private("_providers_from_raw", genai_types, "read newer price data by its own schema (price_data.py)"),
    Private("_prompter", AssumeRoleProvider, "keep botocore from asking for MFA codes (bedrock/credentials/chain.py)"),
    Private("_expiry_time", RefreshableCredentials, "renew AWS keys before they end (bedrock/credentials/chain.py)"),
)


@pytest.mark.parametrize("private", PRIVATE, ids=lambda private: private.name)
def test_a_private_name_that_is_relied_on_is_there(private: Private) -> None:
    assert private.name in _names_of(private.owner), (
        f"{private.owner!r} has no {private.name} any more: candela needs it to {private.purpose}"
    )


def test_every_private_name_that_is_used_is_in_the_table() -> None:
    known = {private.name for private in PRIVATE}
    used = dict(_from_outside()) | dict(_by_inheritance())
    assert {name: place for name, place in used.items() if name not in known} == {}
    # Imports of private modules are known by their module.
    assert known - used.keys() == {"WriterThread", "active_message_pump"}


@pytest.mark.parametrize("library", ["aiohttp", "botocore", "textual"])
def test_a_library_whose_private_names_are_used_is_bound_to_a_minor_version(library: str) -> None:
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]
    [requirement] = [one for one in project["dependencies"] if re.match(rf"{library}\b(?!-)", one)]
    lower, upper = (tuple(map(int, bound.split("."))) for bound in re.findall(r"[<>]=?([\d.]+)", requirement))
    assert upper == (lower[0], lower[1] + 1), requirement


@cache
def _names_of(owner: object) -> set[str]:
    """Names that a module or class defines, also those that its instances get."""
    if not inspect.isclass(owner):
        return set(vars(owner))
    classes = [each for each in owner.__mro__ if each is not object]
    assigned = (re.findall(r"self\.(_\w+)", _source_of(each)) for each in classes)
    return set(dir(owner)).union(*assigned)


@cache
def _classes_in(file: str) -> dict[str, str]:
    text = Path(file).read_text(encoding="utf-8")
    found = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    lines = text.splitlines()
    return {node.name: "\n".join(lines[node.lineno - 1 : node.end_lineno]) for node in found}


@cache
def _source_of(each: type) -> str:
    try:
        return inspect.getsource(each)
    except (OSError, TypeError):  # It is written in C, or made at run time.
        return ""


def _from_outside() -> Iterator[tuple[str, str]]:
    """Private names of objects other than self that the module itself does not define, and where."""
    for path in ROOT.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if not re.search(r"(?<!\bself)(?<!\bcls)(?<!\bos)(?<!super\(\))\._[a-z]|getattr\(", text):
            continue
        own = set(re.findall(r"(?:self\.|def )(_[a-z]\w*)", text))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute) and re.match(r"_[a-z]", node.attr):
                of_itself = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls", "os")
                of_super = isinstance(node.value, ast.Call) and ast.unparse(node.value) == "super()"
                if not (of_itself or of_super or node.attr in own):
                    yield node.attr, path.name
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
                yield from ((name, path.name) for name in re.findall(r"'(_[a-z]\w*)'", ast.unparse(node)))


def _by_inheritance() -> Iterator[tuple[str, str]]:
    """Private names of a library's class that a class of ours uses or overrides, and where."""
    libraries = ("aiohttp", "botocore", "click", "google", "keyring", "sqlalchemy", "textual")
    for module in pkgutil.walk_packages(candela_tui.__path__, "candela_tui."):
        if ".migrations" in module.name or module.name.endswith("__main__"):
            continue
        imported = importlib.import_module(module.name)
        for ours in vars(imported).values():
            if not inspect.isclass(ours) or ours.__module__ != module.name:
                continue
            theirs = [base for base in ours.__mro__[1:] if base.__module__.startswith(libraries)]
            if not theirs:
                continue
            source = _classes_in(str(imported.__file__)).get(ours.__name__, "")
            used = set(re.findall(r"(?:self|super\(\))\.(_[a-z]\w*)|def (_[a-z]\w*)\(", source))
            mine = {name for pair in used for name in pair if name}
            for base in theirs:
                yield from ((name, module.name) for name in mine & _names_of(base))
