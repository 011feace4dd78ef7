"""Google's errors, row by row with its documentation of November 2026."""

from candela_tui.protocol.error_rows import ErrorRow, by_name

CODES = "https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto"
VERTEX = "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/api-errors"

_ROWS = (
    ErrorRow("INVALID_ARGUMENT", (400,), 400, retry=False, source=VERTEX),
    ErrorRow("FAILED_PRECONDITION", (400,), 400, retry=False, source=VERTEX),
    ErrorRow("OUT_OF_RANGE", (400,), 400, retry=False, source=CODES),
    ErrorRow("UNAUTHENTICATED", (401,), 401, retry=False, source=CODES),
    ErrorRow("PERMISSION_DENIED", (403,), 403, retry=False, source=VERTEX),
    ErrorRow("NOT_FOUND", (404,), 404, retry=False, source=VERTEX),
    ErrorRow(
        "ALREADY_EXISTS", (409,), 400, retry=False, source=CODES, why="clients retry a 409, which is no help here"
    ),
    ErrorRow("ABORTED", (409,), 409, retry=True, source=CODES),
    ErrorRow("RESOURCE_EXHAUSTED", (429,), 429, retry=True, source=VERTEX),
    ErrorRow(
        "CANCELLED",
        (499,),
        500,
        retry=True,
        source=VERTEX,
        why="the client is there to read it, so that something at Google has cancelled the request",
    ),
    ErrorRow("UNKNOWN", (500,), 500, retry=True, source=VERTEX),
    ErrorRow("INTERNAL", (500,), 500, retry=True, source=VERTEX),
    ErrorRow("DATA_LOSS", (500,), 500, retry=False, source=CODES),
    ErrorRow("UNIMPLEMENTED", (501,), 400, retry=False, source=CODES, why="clients retry a 501, which is no help here"),
    ErrorRow("UNAVAILABLE", (503,), 529, retry=True, source=VERTEX, why="Anthropic's status for a lack of capacity"),
    ErrorRow("DEADLINE_EXCEEDED", (504,), 504, retry=True, source=VERTEX),
)
GOOGLE_ERRORS = by_name(_ROWS)
"""The errors by their canonical code, which is ``status`` in Google's form."""
STATUS_WITHOUT_NAME = {408: 504, 499: 500, 501: 400, 502: 500, 503: 529}
"""The client's status for an answer that names no error, where that is another one."""
