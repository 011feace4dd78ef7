"""What a usage costs: genai-prices' bundled data, with the user's own prices over it.

Money is Decimal throughout. Nothing here goes to the network.
"""
