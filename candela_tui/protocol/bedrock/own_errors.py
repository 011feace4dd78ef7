"""candela's own errors in the form of Bedrock's API, for clients that speak it.

Source: the service model of bedrock-runtime in botocore 1.44.8: the body is ``{"message": …}``, a header field names
the error.
"""

import msgspec

ERROR_NAME = "x-amzn-errortype"
_NAMES = {
    400: "ValidationException",
    402: "ServiceQuotaExceededException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    413: "ValidationException",
    429: "ThrottlingException",
}
"""The names by candela's status. Bedrock has no error for a budget: a quota of the account is the nearest."""


def native_name(status: int) -> str:
    """Return the name of Bedrock's error that fits a status best."""
    return _NAMES.get(status, "InternalServerException" if status >= 500 else "ValidationException")


def native_error(message: str) -> bytes:
    """Return the body of an error."""
    return msgspec.json.encode({"message": message.encode("utf-8", "replace").decode()})
