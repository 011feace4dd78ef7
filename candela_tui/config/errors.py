"""What reading and changing the settings may raise."""


class ConfigError(Exception):
    """A setting that can't be used; the message names the file, the key, what was expected and a remedy."""
