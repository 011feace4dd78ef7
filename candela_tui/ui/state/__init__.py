"""The data behind the screens: the feed, the store, credentials and preferences."""
