"""What the commands that open a dashboard run. The commands import it when they run, as it imports all of candela."""
