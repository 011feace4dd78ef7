"""The service that runs candela from login on: a unit of systemd, or an agent of launchd."""
