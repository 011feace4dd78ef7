"""The report on a subscription's windows: how they fill, and who fills them."""
