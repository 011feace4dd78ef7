"""What keeps requests from going through candela to a provider, and what mends it: the checks of ``candela doctor``."""
