"""``python -m candela_tui`` is the ``candela`` command."""

from candela_tui.cli.main import main

if __name__ == "__main__":
    main()
