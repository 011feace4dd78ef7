"""Every check there is, in the order in which people look."""

from candela_tui.diagnosis.access import (
    ANTHROPIC,
    BEDROCK,
    VERTEX,
    check_anthropic_access,
    check_bedrock_access,
    check_vertex_access,
)
from candela_tui.diagnosis.base_url import TOPIC as BASE_URL
from candela_tui.diagnosis.base_url import check_base_url
from candela_tui.diagnosis.client_credentials import TOPIC as CLIENT_CREDENTIALS
from candela_tui.diagnosis.client_credentials import check_client_credentials
from candela_tui.diagnosis.cloud_switches import TOPIC as CLOUD
from candela_tui.diagnosis.cloud_switches import check_cloud_switches
from candela_tui.diagnosis.configuration import LOG, check_configuration, check_log
from candela_tui.diagnosis.configuration import TOPIC as CONFIG
from candela_tui.diagnosis.credentials import credential_examinations
from candela_tui.diagnosis.examine import Examination, blocking
from candela_tui.diagnosis.http_proxy import TOPIC as HTTP_PROXY
from candela_tui.diagnosis.http_proxy import VPN, check_http_proxy, check_vpn
from candela_tui.diagnosis.keyring import TOPIC as KEYRING
from candela_tui.diagnosis.keyring import check_keyring
from candela_tui.diagnosis.models import TOPIC as MODELS
from candela_tui.diagnosis.models import check_models
from candela_tui.diagnosis.port import TOPIC as PORT
from candela_tui.diagnosis.port import check_port
from candela_tui.diagnosis.prices import TOPIC as PRICES
from candela_tui.diagnosis.prices import check_prices
from candela_tui.diagnosis.providers import TOPIC as ROUND_TRIP
from candela_tui.diagnosis.providers import check_providers
from candela_tui.diagnosis.recording import TOPIC as RECORDING
from candela_tui.diagnosis.recording import check_recording
from candela_tui.diagnosis.settings_files import TOPIC as SETTINGS_FILES
from candela_tui.diagnosis.settings_files import check_settings_files
from candela_tui.diagnosis.store_health import TOPIC as STORE
from candela_tui.diagnosis.store_health import check_store
from candela_tui.diagnosis.terminal import TOPIC as TERMINAL
from candela_tui.diagnosis.terminal import check_terminal
from candela_tui.diagnosis.versions import CLAUDE, check_claude, check_versions
from candela_tui.diagnosis.versions import TOPIC as VERSIONS

_ROUND_TRIP_S = 15.0
_ACCESS_S = 30.0

GROUPS = {
    "proxy": "candela",
    "client": "Claude Code, started here",
    "credentials": "Credentials",
    "provider": "Providers",
    "data": "Settings and records",
    "machine": "This machine",
}
"""Titles, by what is before the dot of a check's id."""


def all_examinations() -> list[Examination]:
    """In the order of ``GROUPS``, as far as one examination is of one group."""
    return [
        Examination(PORT, blocking(check_port)),
        Examination(CLAUDE, blocking(check_claude)),
        Examination(BASE_URL, blocking(check_base_url)),
        Examination(SETTINGS_FILES, blocking(check_settings_files)),
        Examination(CLIENT_CREDENTIALS, blocking(check_client_credentials)),
        Examination(CLOUD, blocking(check_cloud_switches)),
        Examination(HTTP_PROXY, blocking(check_http_proxy)),
        *credential_examinations(),
        Examination(KEYRING, blocking(check_keyring)),
        Examination(ROUND_TRIP, check_providers, _ROUND_TRIP_S, asks_providers=True),
        Examination(ANTHROPIC, check_anthropic_access, _ACCESS_S, asks_providers=True),
        Examination(MODELS, check_models),
        Examination(VERTEX, check_vertex_access, _ACCESS_S, asks_providers=True),
        Examination(BEDROCK, check_bedrock_access, _ACCESS_S, asks_providers=True),
        Examination(CONFIG, blocking(check_configuration)),
        Examination(STORE, blocking(check_store)),
        Examination(RECORDING, blocking(check_recording)),
        Examination(PRICES, blocking(check_prices)),
        Examination(LOG, blocking(check_log)),
        Examination(VERSIONS, blocking(check_versions)),
        Examination(TERMINAL, blocking(check_terminal)),
        Examination(VPN, blocking(check_vpn)),
    ]
