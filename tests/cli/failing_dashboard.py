"""``candela`` with a dashboard whose list of warnings (``!``) fails: ``python -m tests.cli.failing_dashboard``."""

from candela_tui.cli.main import main
from candela_tui.ui.screens.dashboard.screen import DashboardScreen


def fail(_: DashboardScreen) -> None:
    """A bug."""
    raise ZeroDivisionError("a bug of the dashboard")


if __name__ == "__main__":
    DashboardScreen.action_notices = fail  # type: ignore[method-assign]
    main()
