"""The aiohttp server: routes, the relay, access control, and the capture of exchanges."""
