"""A provider that can't be reached is an error in the client's form, which says what is wrong and where."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.resolver import DefaultResolver

from tests.faults.checks import check_record, check_view
from tests.faults.connections import CONNECTION_FAULTS, NO_ADDRESS
from tests.faults.front import Certificates, Front
from tests.faults.places import PLACES, Place
from tests.faults.setting import Setting, setting

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("faults of connections")]
EACH_PLACE = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
CERTIFICATES = Certificates()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def front() -> AsyncIterator[Front]:
    async with Front() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def settings(front: Front, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Setting]]:
    """A candela towards the front with and without TLS, and one towards a port where nobody listens."""
    folder = tmp_path_factory.mktemp("connections")
    bundle = folder / "ca.pem"
    bundle.write_bytes(CERTIFICATES.ca_pem)
    async with AsyncExitStack() as stack:
        nobody = stack.enter_context(socket.socket())
        nobody.bind(("127.0.0.1", 0))
        towards = {
            "tls": f"https://localhost:{front.port}",
            "plain": f"http://127.0.0.1:{front.port}",
            "nobody": f"http://127.0.0.1:{nobody.getsockname()[1]}",
        }
        found = {}
        for name, url in towards.items():
            (folder / name).mkdir()
            found[name] = await stack.enter_async_context(setting(folder / name, towards=url, ca_bundle=bundle))
        yield found


@EACH_PLACE
@pytest.mark.parametrize("name", CONNECTION_FAULTS)
async def test_a_fault_of_a_connection(front: Front, settings: dict[str, Setting], name: str, place: Place) -> None:
    fault = CONNECTION_FAULTS[name]
    if fault.meets is not None:
        front.meets = fault.meets(CERTIFICATES)
    here = settings["nobody" if fault.meets is None else "tls" if fault.tls else "plain"]
    view, exchange = await here.asked(place, place.request())
    check_view(view, fault.cell, place)
    check_record(here, exchange, view, fault.cell)
    if view.status == 502:
        assert here.candela.settings.anthropic.base_url in place.error_words(view.json)


async def test_a_certificate_in_order_is_trusted(front: Front, settings: dict[str, Setting]) -> None:
    """Or the cells above would prove nothing."""
    front.meets = CERTIFICATES.valid()
    view, exchange = await settings["tls"].asked(PLACES[0], PLACES[0].request())
    assert (view.status, exchange.error and exchange.error.type) == (None, "cut")


@EACH_PLACE
async def test_a_host_name_that_has_no_address(
    place: Place, settings: dict[str, Setting], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_address(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(DefaultResolver, "resolve", no_address)
    here = settings["tls"]
    here.candela.proxy._client._connector.clear_dns_cache()
    view, exchange = await here.asked(place, place.request())
    check_view(view, NO_ADDRESS, place)
    check_record(here, exchange, view, NO_ADDRESS)
