"""The screen that shows and changes the settings in config.toml."""
