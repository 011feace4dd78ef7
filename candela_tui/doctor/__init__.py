"""The checks of ``candela doctor``: what keeps requests from reaching a provider, and how to fix it."""
