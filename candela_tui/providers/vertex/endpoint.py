"""The base URL of Vertex AI in a location.

Source: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations (global and multi-regional endpoints).
"""

from candela_tui.config.name_forms import GOOGLE_LOCATION

_MULTI_REGIONS = frozenset({"us", "eu"})


def vertex_endpoint(location: str, base_url: str | None = None) -> str:
    """Return the base URL without the API's version. ``base_url`` is a private endpoint, used for all locations.

    Raises ValueError for an invalid location: the name becomes part of a host that receives an access token.
    """
    if not GOOGLE_LOCATION.fullmatch(location):
        raise ValueError(
            f"{location!r} is no location of Vertex AI; such are global, us, eu, us-east5. It comes from"
            " [vertex] region in config.toml, CLOUD_ML_REGION, or the path of a request"
        )
    if base_url is not None:
        return base_url
    if location == "global":
        return "https://aiplatform.googleapis.com"
    if location in _MULTI_REGIONS:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"
