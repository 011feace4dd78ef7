"""One module a revision, named for it."""
