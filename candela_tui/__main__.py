"""The program ``candela``, also as ``python -m candela_tui``: checks the platform, then runs the command line.

Only Unix has some of the modules that the command line imports, so they are imported after the check.
"""

import sys

_WINDOWS = """\
candela does not run on Windows itself. It runs in WSL, the Windows Subsystem for Linux, and Claude Code must run there
too. Set up WSL with `wsl --install`, open its terminal, and install both there."""


def main() -> None:
    """Run the command line, or say where candela runs and exit with 1."""
    if sys.platform == "win32":
        sys.exit(_WINDOWS)
    from candela_tui.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
