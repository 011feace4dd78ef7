"""The settings of config.toml, looked at and changed."""
