"""``candela openapi``: the local API as an OpenAPI document."""

import click

from candela_tui.cli.terminal.output import echo_json
from candela_tui.reports.json_text import json_text


@click.command()
def openapi() -> None:
    """Print the local API as an OpenAPI 3.1 document, for tools that make clients or check requests.

    A running candela serves the same document at /_local/api/v1/openapi.json.

    \b
    Examples:
      candela openapi > candela.openapi.json
    """
    # Not at the top: it imports all that the local API is about.
    from candela_tui.proxy.local_api.openapi import openapi_document

    echo_json(json_text(openapi_document()))
