"""List, add, change and remove the rules in config.toml. Everything else in the file stays as it is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from candela_tui.config.change import Check, change_document
from candela_tui.config.errors import ConfigError
from candela_tui.config.rule_kinds import RuleKind, rule_kinds
from candela_tui.config.toml_text import ItemKey

Values = Mapping[str, Any]
"""The keys of a rule and their values, as TOML has them."""


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A rule in config.toml."""

    kind: RuleKind
    place: int
    """Its place among the rules of its kind, from 0."""
    values: Values

    @property
    def key(self) -> ItemKey:
        """Where it is in the file."""
        return ("rules", self.kind.name, self.place) if self.kind.many else ("rules", self.kind.name)

    @property
    def name(self) -> str:
        """Its name, or else what it is called without one, such as ``rules.tools 1``."""
        if not self.kind.many:
            return f"rules.{self.kind.name}"
        return str(self.values.get("name") or f"rules.{self.kind.name} {self.place + 1}")


def written_rules(document: Values) -> list[WrittenRule]:
    """Return the rules of a document, by kind and in their order. What has not the form of a rule is left out."""
    section = document.get("rules")
    found = []
    for kind in rule_kinds():
        written = section.get(kind.name) if isinstance(section, Mapping) else None
        listed = written if kind.many and isinstance(written, list) else [written]
        found += [
            WrittenRule(kind, place, each) for place, each in enumerate(listed) if isinstance(each, Mapping) and each
        ]
    return found


def rule_named(document: Values, kind: RuleKind, name: str) -> WrittenRule:
    """Return the rule of a kind with a name, or with a number from 1. The name of a section is "". Raises
    ConfigError."""
    found = [rule for rule in written_rules(document) if rule.kind == kind]
    matching = [rule for rule in found if not kind.many or rule.name == name] or [
        rule for rule in found if name.isascii() and name.isdigit() and rule.place + 1 == int(name)
    ]
    if matching:
        return matching[0]
    if not found:
        raise ConfigError(f"there is no {kind.section}; `candela rules add {kind.name}` adds one")
    raise ConfigError(f"no {kind.section} is named {name!r}; there is {', '.join(repr(rule.name) for rule in found)}")


def add_rule(path: Path, kind: RuleKind, values: Values, check: Check = lambda _: ()) -> str:
    """Add a rule, and return its name. To a section that is there, elements are added to its lists and tables, and
    other keys are set. Raises ConfigError, and leaves the file unchanged then."""
    added = WrittenRule(kind, 0, values)

    def change(document: Values) -> tuple[ItemKey, object]:
        nonlocal added
        known = [rule for rule in written_rules(document) if rule.kind == kind]
        if kind.many:
            _require_free(known, values.get("name"))
            added = WrittenRule(kind, len(known), values)
        else:
            added = WrittenRule(kind, 0, _extended(known[0].values, values) if known else values)
        return added.key, dict(added.values)

    change_document(path, change, check)
    return added.name


def edit_rule(path: Path, kind: RuleKind, name: str, changes: Values, check: Check = lambda _: ()) -> str:
    """Set keys of a rule, or remove those whose value is None, and return the rule's name. Raises ConfigError."""
    edited = WrittenRule(kind, 0, {})

    def change(document: Values) -> tuple[ItemKey, object]:
        nonlocal edited
        found = rule_named(document, kind, name)
        if changes.get("name"):
            known = (rule for rule in written_rules(document) if rule.kind == kind and rule.place != found.place)
            _require_free([*known], changes["name"])
        values = {key: value for key, value in {**found.values, **changes}.items() if value is not None}
        edited = WrittenRule(kind, found.place, values)
        return edited.key, values

    change_document(path, change, check)
    return edited.name


def remove_rule(path: Path, kind: RuleKind, name: str, check: Check = lambda _: ()) -> str:
    """Remove a rule with the comments directly above it, and return its name. Raises ConfigError."""
    removed = WrittenRule(kind, 0, {})

    def change(document: Values) -> tuple[ItemKey, object]:
        nonlocal removed
        removed = rule_named(document, kind, name)
        return removed.key, None

    change_document(path, change, check)
    return removed.name


def _require_free(known: list[WrittenRule], name: object) -> None:
    taken = next((rule for rule in known if name and rule.name == name), None)
    if taken is not None:
        raise ConfigError(f"there is a {taken.kind.section} named {taken.name!r} already; choose another name")


def _extended(before: Values, values: Values) -> Values:
    after = dict(before)
    for key, value in values.items():
        old = before.get(key)
        if isinstance(value, list) and isinstance(old, list):
            after[key] = [*old, *(each for each in value if each not in old)]
        else:
            after[key] = {**old, **value} if isinstance(value, dict) and isinstance(old, dict) else value
    return after
