"""The dashboard's panes and where they are."""
