"""The error raised when settings are read or changed."""


class ConfigError(Exception):
    """The settings can't be used or changed. The message names the file, the key, the expected value and a fix."""
