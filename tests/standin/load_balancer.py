"""A load balancer in front of replicas, which knows nothing of sessions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web


@dataclass
class LoadBalancer:
    """Sends each request to the replica after that of the last one."""

    replicas: list[str] = field(default_factory=list)
    served: list[tuple[int, str]] = field(default_factory=list)
    """The replica of each request, and its path."""
    url: str = ""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(auto_decompress=False) as self._client:
            runner = web.ServerRunner(web.Server(self._pass_on))
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield
            await runner.cleanup()

    async def _pass_on(self, request: web.BaseRequest) -> web.StreamResponse:
        number = len(self.served) % len(self.replicas)
        self.served.append((number, request.path))
        own = {"Host", "Content-Length", "Transfer-Encoding", "Connection"}
        headers = [(name, value) for name, value in request.headers.items() if name.title() not in own]
        async with self._client.request(
            request.method,
            f"{self.replicas[number]}{request.raw_path}",
            headers=headers,
            data=await request.read(),
            allow_redirects=False,
        ) as answer:
            dropped = {"Content-Length", "Transfer-Encoding", "Connection", "Date", "Server"}
            body = await answer.read()
            passed = web.Response(status=answer.status, body=body)
            for name, value in answer.headers.items():
                if name.title() not in dropped:
                    passed.headers[name] = value
            return passed
