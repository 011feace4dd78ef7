"""Handler for the OpenAPI document."""

from aiohttp import web

from candela_tui import wire
from candela_tui.proxy.local_api.route import Call, document


async def show_openapi(call: Call) -> web.StreamResponse:
    """Answer with the OpenAPI document of the local API."""
    # Not at the top: the document is made of the table of routes, which has this one. It is rarely asked for.
    from candela_tui.proxy.local_api.openapi import openapi_document

    return document(wire.encode(openapi_document()))
