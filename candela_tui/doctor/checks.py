"""The list of all checks, in the order of the report."""

from candela_tui.doctor.access import access_checks
from candela_tui.doctor.authority import TOPIC as AUTHORITY
from candela_tui.doctor.authority import check_authority
from candela_tui.doctor.base_url import TOPIC as BASE_URL
from candela_tui.doctor.base_url import check_base_url
from candela_tui.doctor.certificates import TOPIC as CERTIFICATES
from candela_tui.doctor.certificates import check_certificates
from candela_tui.doctor.client_credentials import TOPIC as CLIENT_CREDENTIALS
from candela_tui.doctor.client_credentials import check_client_credentials
from candela_tui.doctor.client_model import TOPIC as CLIENT_MODEL
from candela_tui.doctor.client_model import check_client_model
from candela_tui.doctor.cloud_switches import TOPIC as CLOUD
from candela_tui.doctor.cloud_switches import check_cloud_switches
from candela_tui.doctor.configuration import LOG, check_configuration, check_log
from candela_tui.doctor.configuration import TOPIC as CONFIG
from candela_tui.doctor.credentials import credential_checks
from candela_tui.doctor.http_proxy import TOPIC as HTTP_PROXY
from candela_tui.doctor.http_proxy import VPN, check_http_proxy, check_vpn
from candela_tui.doctor.key_helper import TOPIC as KEY_HELPER
from candela_tui.doctor.key_helper import check_key_helper
from candela_tui.doctor.keyring import TOPIC as KEYRING
from candela_tui.doctor.keyring import check_keyring
from candela_tui.doctor.models import TOPIC as MODELS
from candela_tui.doctor.models import check_models
from candela_tui.doctor.port import TOPIC as PORT
from candela_tui.doctor.port import check_port
from candela_tui.doctor.prices import TOPIC as PRICES
from candela_tui.doctor.prices import check_prices
from candela_tui.doctor.providers import TOPIC as ROUND_TRIP
from candela_tui.doctor.providers import check_providers
from candela_tui.doctor.recording import TOPIC as RECORDING
from candela_tui.doctor.recording import check_recording
from candela_tui.doctor.run_checks import Check, blocking
from candela_tui.doctor.settings_files import TOPIC as SETTINGS_FILES
from candela_tui.doctor.settings_files import check_settings_files
from candela_tui.doctor.store_health import TOPIC as STORE
from candela_tui.doctor.store_health import check_store
from candela_tui.doctor.terminal import TOPIC as TERMINAL
from candela_tui.doctor.terminal import check_terminal
from candela_tui.doctor.versions import CLAUDE, check_claude, check_versions
from candela_tui.doctor.versions import TOPIC as VERSIONS

_ROUND_TRIP_S = 15.0

GROUPS = {
    "proxy": "candela",
    "client": "Claude Code, started here",
    "credentials": "Credentials",
    "provider": "Providers",
    "data": "Settings and records",
    "machine": "This machine",
}
"""Titles, by what is before the dot of a check's id."""


def all_checks() -> list[Check]:
    """In the order of ``GROUPS``, as far as one check is of one group."""
    return [
        Check(PORT, blocking(check_port)),
        Check(CLAUDE, blocking(check_claude)),
        Check(BASE_URL, blocking(check_base_url)),
        Check(SETTINGS_FILES, blocking(check_settings_files)),
        Check(CLIENT_CREDENTIALS, blocking(check_client_credentials)),
        Check(KEY_HELPER, blocking(check_key_helper)),
        Check(CLIENT_MODEL, blocking(check_client_model)),
        Check(CLOUD, blocking(check_cloud_switches)),
        Check(HTTP_PROXY, blocking(check_http_proxy)),
        *credential_checks(),
        Check(KEYRING, blocking(check_keyring)),
        Check(ROUND_TRIP, check_providers, _ROUND_TRIP_S, asks_providers=True),
        Check(MODELS, check_models),
        *access_checks(),
        Check(CONFIG, blocking(check_configuration)),
        Check(STORE, blocking(check_store)),
        Check(RECORDING, blocking(check_recording)),
        Check(PRICES, blocking(check_prices)),
        Check(LOG, blocking(check_log)),
        Check(VERSIONS, blocking(check_versions)),
        Check(TERMINAL, blocking(check_terminal)),
        Check(VPN, blocking(check_vpn)),
        Check(CERTIFICATES, blocking(check_certificates)),
        Check(AUTHORITY, blocking(check_authority)),
    ]
