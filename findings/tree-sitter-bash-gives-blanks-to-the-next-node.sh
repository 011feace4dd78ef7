#!/usr/bin/env bash
# In a double-quoted string, tree-sitter-bash 0.25.1 has no node for blanks that stand alone between or after
# expansions: they are in the node that follows. The text of the second expansion of "$a $b" is " $b", the closing quote
# of "$a " is two characters long, and a newline in place of the blank is in no node at all. With any other character
# there ("$a, $b") they are a string_content, and alone in a here-document too. So what puts a value in the place of
# such a node joins two words to one.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check tree-sitter==0.26.1 tree-sitter-bash==0.25.1

"$work/venv/bin/python" - <<'PYTHON'
import tree_sitter_bash
from tree_sitter import Language, Parser

parser = Parser(Language(tree_sitter_bash.language()))

def parts(script, kind="string"):
    """Return type and text of each child of the first node of this kind."""
    pending = [parser.parse(script.encode()).root_node]
    assert not pending[0].has_error
    while (node := pending.pop(0)).type != kind:
        pending += node.children
    found = [(child.type, child.text.decode()) for child in node.children]
    print(f"{script!r}: {found}")
    return found

quote, a = ('"', '"'), ("simple_expansion", "$a")
assert parts('echo "$a $b"') == [quote, a, ("simple_expansion", " $b"), quote]
assert parts('echo "$a ${b}"') == [quote, a, ("expansion", " ${b}"), quote]
assert parts('echo "$a $(b)"') == [quote, a, ("command_substitution", " $(b)"), quote]
assert parts('echo "$a "') == [quote, a, ('"', ' "')]
assert parts('echo "$a\n$b"') == [quote, a, ("simple_expansion", "$b"), quote]
assert parts('echo "$a, $b"') == [quote, a, ("string_content", ", "), ("simple_expansion", "$b"), quote]
assert ("heredoc_content", " ") in parts("cat <<E\n$a $b\nE\n", "heredoc_body")
PYTHON
