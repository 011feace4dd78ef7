"""Find Bedrock's endpoint for a region, and sign requests to it.

Sources: https://docs.aws.amazon.com/general/latest/gr/bedrock.html (bedrock-runtime and the control plane) and the
partitions of botocore 1.44 (domain names).
"""

import re
from urllib.parse import urlsplit

from candela_tui.config.name_forms import AWS_REGION
from candela_tui.config.settings import AwsSettings, MantleSettings
from candela_tui.protocol.clouds.regions import MANTLE_REGIONS, bedrock_prefix
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials, Keys, SigningKeys
from candela_tui.providers.bedrock.signing import MANTLE, signed
from candela_tui.providers.upstream import ProviderRequest

_DOMAINS = {
    "cn": "amazonaws.com.cn",
    "eusc": "amazonaws.eu",
    "us-iso": "c2s.ic.gov",
    "us-isob": "sc2s.sgov.gov",
    "eu-isoe": "cloud.adc-e.uk",
    "us-isof": "csp.hci.ic.gov",
}
_REGION_OF_HOST = re.compile(r"\.([a-z]+(?:-[a-z]+)+-\d+)\.(?:vpce\.)?(?:amazonaws\.com|api\.aws)$")
_RUNTIME = re.compile(r"(?:^|\.)bedrock-runtime(?:-fips)?\.")
_REFUSED_KEYS = re.compile(
    r"(?:ExpiredToken|UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId)(?:Exception)?\b"
)

_NO_REGION = (
    "candela knows no AWS region: `candela auth login --provider aws` asks for it; or set {settings} in config.toml or"
    " AWS_REGION, or choose a profile that has one"
    " ([aws] profile, AWS_PROFILE)"
)


def bedrock_endpoint(region: str, base_url: str | None = None, *, control: bool = False) -> str:
    """Return the base URL of bedrock-runtime or the control plane. ``base_url`` is a private endpoint, used for both.

    Raises ValueError for an invalid region: the name becomes part of a host that receives signed requests.
    """
    require_region(region)
    if base_url is not None:
        return base_url
    partition = next((start for start in _DOMAINS if region.startswith(f"{start}-")), "")
    service = "bedrock" if control else "bedrock-runtime"
    return f"https://{service}.{region}.{_DOMAINS.get(partition, 'amazonaws.com')}"


def mantle_endpoint(region: str) -> str:
    """Return the base URL of bedrock-mantle, without ``/anthropic``.

    Source: https://docs.aws.amazon.com/bedrock/latest/userguide/endpoints.html. Raises ValueError for an invalid
    region."""
    require_region(region)
    return f"https://bedrock-mantle.{region}.api.aws"


def require_same_region(section: str, region: str, base_url: str | None) -> None:
    """Raise ValueError if a base URL is AWS's own endpoint in another region: it accepts no signature for this one."""
    found = _REGION_OF_HOST.search(urlsplit(base_url or "").hostname or "")
    if found is not None and found[1] != region:
        raise ValueError(
            f"[{section}] base_url is an endpoint in {found[1]}, and the region is {region}: set [{section}] region to"
            f" {found[1]}"
        )


def is_runtime(base_url: str) -> bool:
    """Return whether a base URL is that of bedrock-runtime, also at a VPC endpoint."""
    return _RUNTIME.search(urlsplit(base_url).hostname or "") is not None


def profiles(settings: AwsSettings, region: str) -> tuple[str | None, str | None]:
    """Return the prefix of the inference profiles to call models with, and the region if it chooses them."""
    chosen = settings.inference_profile
    if chosen == "auto":
        return bedrock_prefix(region), region
    return (None if chosen == "none" else chosen), None


def require_region(region: str) -> None:
    """Raise ValueError unless the name has the form of an AWS region."""
    if not AWS_REGION.fullmatch(region):
        raise ValueError(
            f"{region!r} is not an AWS region like us-east-1 or eu-central-1. It comes from config.toml, AWS_REGION,"
            " or the profile"
        )


async def known_region(credentials: AwsCredentials, section: str = "aws", own: str | None = None) -> str:
    """Return the region of a service. ``own`` is the one in the service's ``section`` of config.toml, if any.

    Raises ValueError if none is known, CredentialsError if the profile can't be read."""
    region = own or await credentials.region()
    if region is None:
        settings = "[aws] region" if section == "aws" else f"[{section}] region or [aws] region"
        raise ValueError(_NO_REGION.format(settings=settings))
    return region


class BedrockAccess:
    """Provides what every request to Bedrock needs: the region, the endpoint, keys and a signature."""

    def __init__(
        self, settings: AwsSettings, credentials: AwsCredentials, mantle: MantleSettings | None = None
    ) -> None:
        """``credentials`` are owned and closed by the caller. ``mantle`` are the settings of bedrock-mantle."""
        self._settings = settings
        self._mantle = mantle or MantleSettings()
        self.credentials = credentials

    async def region(self) -> str:
        """Return the region. Raises ValueError if none is known, CredentialsError if the profile can't be read."""
        found = await known_region(self.credentials)
        require_region(found)
        return found

    def profiles(self, region: str) -> tuple[str | None, str | None]:
        """Return the prefix of the inference profiles to call models with, and the region if it chooses them."""
        return profiles(self._settings, region)

    async def signed(
        self,
        method: str,
        path: str,
        headers: HeaderList,
        body: bytes,
        keys: Keys,
        region: str,
        *,
        control: bool = False,
    ) -> ProviderRequest:
        """Return a signed request. ``path`` is percent-encoded and includes the query. Raises ValueError if a header
        field that must be signed has an invalid value."""
        url = bedrock_endpoint(region, self._settings.base_url, control=control) + path
        own = await signed(method, url, headers, body, keys, region)
        return ProviderRequest(method, url, [*headers, *own], body)

    def mantle_region(self, region: str) -> str | None:
        """Return the region in which bedrock-mantle is asked, or None if the region has none and no setting names
        another region or endpoint."""
        if self._mantle.region is not None:
            return self._mantle.region
        if self._private_mantle() is not None:
            return region
        return None if self._settings.base_url is not None or region not in MANTLE_REGIONS else region

    def no_mantle(self, model: str, region: str) -> str:
        """Return the message for a model whose tokens can't be counted because there is no region to ask in."""
        only = f"AWS counts the tokens of {model} at bedrock-mantle only"
        if self._settings.base_url is not None:
            return f"{only}, and [aws] base_url is bedrock-runtime: set [mantle] base_url or region."
        return f"{only}, which {region} lacks: set [mantle] region to one that has it."

    async def signed_for_mantle(
        self, path: str, headers: HeaderList, body: bytes, keys: Keys, region: str
    ) -> ProviderRequest:
        """Return a signed POST to the Messages API of bedrock-mantle. Raises ValueError like ``signed``."""
        url = (self._private_mantle() or f"{mantle_endpoint(region)}/anthropic") + path
        own = await signed("POST", url, headers, body, keys, region, MANTLE)
        return ProviderRequest("POST", url, [*headers, *own], body)

    def _private_mantle(self) -> str | None:
        """Return the endpoint that the settings name for bedrock-mantle, up to ``/anthropic``, or None.

        That of Bedrock serves it, too, unless it is bedrock-runtime, which has no token counts there and answers
        with status 200."""
        mantle, bedrock = self._mantle.base_url, self._settings.base_url
        if mantle is not None and not is_runtime(mantle):
            return mantle
        return f"{bedrock}/anthropic" if bedrock is not None and not is_runtime(bedrock) else None


def keys_renewed(said: str = "") -> str:
    """Return the reason for a retry with new keys. ``said`` is the message of AWS's refusal."""
    return f"AWS refused the keys{f' ({said})' if said else ''}; sent again with new ones"


def keys_refused(keys: Keys, status: int, headers: HeaderList, body: bytes) -> bool:
    """Return whether AWS refused a request because the keys have expired or are unknown, so that others may help."""
    if status not in (401, 403) or not isinstance(keys, SigningKeys):
        return False
    named = header(headers, "x-amzn-errortype") or body[:1000].decode("utf-8", "replace")
    return _REFUSED_KEYS.search(named) is not None
