"""The aiohttp server: routes, the relay, who may call, and the capture beside it."""
