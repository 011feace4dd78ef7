"""The bare pass-through: the smallest streaming relay on aiohttp, which records nothing.

``python -m benchmarks.bare UPSTREAM_URL`` prints its port.
"""

import asyncio
import sys

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

_NOT_PASSED_ON = frozenset({"host", "content-length", "connection", "transfer-encoding"})


def _passed_on(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name.lower() not in _NOT_PASSED_ON}


async def _main(upstream: str) -> None:
    session = ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(total=None), auto_decompress=False)

    async def relay(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        url = upstream + request.raw_path
        async with session.request(request.method, url, data=body, headers=_passed_on(request)) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _NOT_PASSED_ON}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response

    application = web.Application(client_max_size=2**30)
    application.router.add_route("*", "/{path:.*}", relay)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
