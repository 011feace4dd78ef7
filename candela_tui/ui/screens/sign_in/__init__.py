"""The sign-in wizard."""
