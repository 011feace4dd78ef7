"""Amazon's errors, row by row with its documentation of November 2026.

Where the sources disagree on a status, the row has both: the name decides, and a status alone only if there is no name.
"""

from candela_tui.protocol.error_rows import ErrorRow, by_name

API = "the service model of bedrock-runtime in botocore 1.44.8 (API reference of InvokeModel and CountTokens)"
COMMON = "https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/CommonErrors.html"
"""The list that all services of AWS share, as the page of one of them has it."""
GUIDE = "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html"
SIGNATURES = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html"
SEEN = "older names that gateways and other services of Amazon use"

_OVERLOADED = "Anthropic's status for a lack of capacity that is not the account's"
_OUR_KEYS = "candela's own keys: Anthropic's status for credentials, which its client does not take for a missing model"
_CLIENTS_KNOW = "Anthropic has no such status, and clients do not retry it"

ROWS = (
    ErrorRow("AccessDeniedException", (403,), 403, retry=False, source=API),
    ErrorRow("InternalServerException", (500,), 500, retry=True, source=API),
    ErrorRow("ModelErrorException", (424,), 500, retry=True, source=API, why=_CLIENTS_KNOW),
    ErrorRow("ModelNotReadyException", (429,), 529, retry=True, source=API, why=_OVERLOADED),
    ErrorRow("ModelStreamErrorException", (424,), 500, retry=True, source=API, why=_CLIENTS_KNOW),
    ErrorRow("ModelTimeoutException", (408,), 504, retry=True, source=API, why="Anthropic's status for a timeout"),
    ErrorRow("ResourceNotFoundException", (404,), 404, retry=False, source=API),
    ErrorRow(
        "ServiceQuotaExceededException",
        (400,),
        429,
        retry=True,
        source=API,
        why="the request can be sent again later, by the same source, which no client does after a 400",
    ),
    ErrorRow("ServiceUnavailableException", (503,), 529, retry=True, source=API, why=_OVERLOADED),
    ErrorRow("ThrottlingException", (429, 400), 429, retry=True, source=f"{API}; 400 in {COMMON}"),
    ErrorRow("ValidationException", (400,), 400, retry=False, source=API),
    ErrorRow("ExpiredTokenException", (403,), 401, retry=False, source=COMMON, why=_OUR_KEYS),
    ErrorRow("IncompleteSignature", (403, 400), 401, retry=False, source=f"{COMMON}; 400 in {GUIDE}", why=_OUR_KEYS),
    ErrorRow("InternalFailure", (500,), 500, retry=True, source=COMMON),
    ErrorRow("MalformedHttpRequestException", (400,), 400, retry=False, source=COMMON),
    ErrorRow("NotAuthorized", (401, 400), 403, retry=False, source=f"{COMMON}; 400 in {GUIDE}", why="no permission"),
    ErrorRow("OptInRequired", (403,), 403, retry=False, source=COMMON),
    ErrorRow("RequestAbortedException", (400,), 400, retry=False, source=COMMON),
    ErrorRow("RequestEntityTooLargeException", (413,), 413, retry=False, source=COMMON),
    ErrorRow("RequestExpired", (400,), 401, retry=False, source=COMMON, why=_OUR_KEYS),
    ErrorRow("RequestTimeoutException", (408,), 504, retry=True, source=COMMON, why="Anthropic's status for a timeout"),
    ErrorRow("ServiceUnavailable", (503,), 529, retry=True, source=COMMON, why=_OVERLOADED),
    ErrorRow("UnknownOperationException", (404,), 404, retry=False, source=COMMON),
    ErrorRow("UnrecognizedClientException", (403,), 401, retry=False, source=COMMON, why=_OUR_KEYS),
    ErrorRow("ValidationError", (400,), 400, retry=False, source=COMMON),
    ErrorRow("FTUFormNotFilled", (404,), 404, retry=False, source=GUIDE),
    ErrorRow("InvalidAction", (400,), 400, retry=False, source=GUIDE),
    ErrorRow("InvalidClientTokenId", (403,), 401, retry=False, source=GUIDE, why=_OUR_KEYS),
    ErrorRow("MPAgreementBeingCreated", (403,), 403, retry=False, source=f"{GUIDE}: it takes up to 15 minutes"),
    ErrorRow("ResourceNotFound", (404,), 404, retry=False, source=GUIDE),
    ErrorRow("InvalidSignatureException", (403,), 401, retry=False, source=SEEN, why=_OUR_KEYS),
    ErrorRow("MissingAuthenticationToken", (403,), 401, retry=False, source=SEEN, why=_OUR_KEYS),
    ErrorRow("SignatureDoesNotMatch", (403,), 401, retry=False, source=SIGNATURES, why=_OUR_KEYS),
    ErrorRow("ExpiredToken", (403,), 401, retry=False, source=SEEN, why=_OUR_KEYS),
    ErrorRow("InvalidAccessKeyId", (403,), 401, retry=False, source=SEEN, why=_OUR_KEYS),
    ErrorRow("InvalidToken", (403,), 401, retry=False, source=SEEN, why=_OUR_KEYS),
    ErrorRow("LimitExceededException", (400, 429), 429, retry=True, source=SEEN, why="a quota, as above"),
    ErrorRow("OverloadedException", (503,), 529, retry=True, source=SEEN, why=_OVERLOADED),
    ErrorRow("RequestLimitExceeded", (400, 503), 429, retry=True, source=SEEN, why="a quota, as above"),
    ErrorRow("SerializationException", (400,), 400, retry=False, source=SEEN),
    ErrorRow("Throttled", (400,), 429, retry=True, source=SEEN, why="a quota, as above"),
    ErrorRow("TooManyRequestsException", (429,), 429, retry=True, source=SEEN),
)
STATUS_WITHOUT_NAME = {408: 504, 424: 500, 502: 500, 503: 529}
"""The client's status for an answer that names no error, where that is another one."""

_ROWS = by_name(ROWS)
_KINDS = {name.lower().removesuffix("exception").removesuffix("error"): row for name, row in _ROWS.items()}


def row_of(name: str) -> ErrorRow | None:
    """Return the row of an error. Amazon spells some with and some without Exception, in streams in lower case."""
    return _KINDS.get(name.lower().removesuffix("exception").removesuffix("error"))
