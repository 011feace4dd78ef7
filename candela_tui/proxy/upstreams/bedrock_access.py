"""Where Bedrock answers for a region, and requests signed for it.

Sources: https://docs.aws.amazon.com/general/latest/gr/bedrock.html (bedrock-runtime and the control plane) and the
partitions of botocore 1.44 (domain names).
"""

import re

from candela_tui.config.settings import AwsSettings
from candela_tui.credentials.aws import AwsCredentials, Keys, SigningKeys
from candela_tui.credentials.sigv4 import signed
from candela_tui.protocol.headers import header
from candela_tui.protocol.provider_models import bedrock_prefix
from candela_tui.proxy.outgoing import Outgoing, Pairs

_REGION = re.compile(r"[a-z]+(?:-[a-z]+)+-\d+")
_DOMAINS = {
    "cn": "amazonaws.com.cn",
    "eusc": "amazonaws.eu",
    "us-iso": "c2s.ic.gov",
    "us-isob": "sc2s.sgov.gov",
    "eu-isoe": "cloud.adc-e.uk",
    "us-isof": "csp.hci.ic.gov",
}
_REFUSED_KEYS = re.compile(
    r"(?:ExpiredToken|UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId)(?:Exception)?\b"
)

_NO_REGION = (
    "candela knows no AWS region: set [aws] region in config.toml or AWS_REGION, or choose a profile that has one"
    " ([aws] profile, AWS_PROFILE)"
)


def bedrock_endpoint(region: str, base_url: str | None = None, *, control: bool = False) -> str:
    """The base URL of bedrock-runtime, or of the control plane; ``base_url`` is a private endpoint for both.

    Raises ValueError for what can't be a region: the name becomes part of a host that gets signed requests.
    """
    if not _REGION.fullmatch(region):
        raise ValueError(
            f"{region!r} is no AWS region; such are us-east-1 and eu-central-1. It comes from [aws] region in"
            " config.toml, AWS_REGION, or the profile"
        )
    if base_url is not None:
        return base_url
    partition = next((start for start in _DOMAINS if region.startswith(f"{start}-")), "")
    service = "bedrock" if control else "bedrock-runtime"
    return f"https://{service}.{region}.{_DOMAINS.get(partition, 'amazonaws.com')}"


class BedrockAccess:
    """What every request to Bedrock needs: the region, its endpoint, keys, a signature."""

    def __init__(self, settings: AwsSettings, credentials: AwsCredentials) -> None:
        """``credentials`` belong to someone else."""
        self._settings = settings
        self.credentials = credentials

    async def region(self) -> str:
        """The region. Raises ValueError where none is known, CredentialsError where the profile can't be read."""
        found = await self.credentials.region()
        if found is None:
            raise ValueError(_NO_REGION)
        bedrock_endpoint(found)
        return found

    def profiles(self, region: str) -> tuple[str | None, bool]:
        """The prefix of the inference profiles to call models by, and whether it only follows from the region."""
        chosen = self._settings.inference_profile
        if chosen == "auto":
            return bedrock_prefix(region), True
        return (None if chosen == "none" else chosen), False

    async def signed(
        self, method: str, path: str, headers: Pairs, body: bytes, keys: Keys, region: str, *, control: bool = False
    ) -> Outgoing:
        """The request with the fields that sign it. ``path`` is percent-encoded, with the query. Raises ValueError
        where a field that must be signed holds what no field may."""
        url = bedrock_endpoint(region, self._settings.base_url, control=control) + path
        own = await signed(method, url, headers, body, keys, region)
        return Outgoing(method, url, [*headers, *own], body)


def keys_renewed(said: str = "") -> str:
    """Why a request goes out again, signed anew; ``said`` are the words of AWS's refusal."""
    return f"AWS refused the keys{f' ({said})' if said else ''}; sent again with new ones"


def keys_refused(keys: Keys, status: int, headers: Pairs, body: bytes) -> bool:
    """Whether AWS says that other keys may help: these have expired, or it knows no such keys."""
    if status not in (401, 403) or not isinstance(keys, SigningKeys):
        return False
    named = header(headers, "x-amzn-errortype") or body[:1000].decode("utf-8", "replace")
    return _REFUSED_KEYS.search(named) is not None
