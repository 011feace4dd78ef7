"""What Amazon's errors become for a client of the Messages API."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.bedrock.error_table import ROWS, row_of
from candela_tui.protocol.bedrock.errors import aws_error
from candela_tui.protocol.errors import FROM_ELSEWHERE, ErrorAnswer, error_from_body
from tests.protocol.sdk_retries import sdk_retries

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def refused(status: int, name: str, words: str, *more: tuple[str, str], **known: Any) -> ErrorAnswer:
    headers = [("x-amzn-RequestId", "6a1f"), ("Content-Type", "application/json"), ("Content-Length", "9"), *more]
    if name:
        headers.append(("x-amzn-ErrorType", f"{name}:http://internal.amazon.com/coral/com.amazon.bedrock/"))
    return aws_error(status, headers, json.dumps({"message": words}).encode(), now=NOW, **known)


# Amazon's status and name by its documentation, what the client gets, and whether it may send the request again.
CASES: list[tuple[int, str, int, str, bool]] = [
    # The service model of bedrock-runtime, which is its API reference.
    (403, "AccessDeniedException", 403, "permission_error", False),
    (500, "InternalServerException", 500, "api_error", True),
    (424, "ModelErrorException", 500, "api_error", True),
    (429, "ModelNotReadyException", 529, "overloaded_error", True),
    (424, "ModelStreamErrorException", 500, "api_error", True),
    (408, "ModelTimeoutException", 504, "timeout_error", True),
    (404, "ResourceNotFoundException", 404, "not_found_error", False),
    (400, "ServiceQuotaExceededException", 429, "rate_limit_error", True),
    (503, "ServiceUnavailableException", 529, "overloaded_error", True),
    (429, "ThrottlingException", 429, "rate_limit_error", True),
    (400, "ValidationException", 400, "invalid_request_error", False),
    # The errors common to all actions.
    (403, "ExpiredTokenException", 401, "authentication_error", False),
    (403, "IncompleteSignature", 401, "authentication_error", False),
    (500, "InternalFailure", 500, "api_error", True),
    (400, "MalformedHttpRequestException", 400, "invalid_request_error", False),
    (401, "NotAuthorized", 403, "permission_error", False),
    (403, "OptInRequired", 403, "permission_error", False),
    (400, "RequestAbortedException", 400, "invalid_request_error", False),
    (413, "RequestEntityTooLargeException", 413, "request_too_large", False),
    (400, "RequestExpired", 401, "authentication_error", False),
    (408, "RequestTimeoutException", 504, "timeout_error", True),
    (503, "ServiceUnavailable", 529, "overloaded_error", True),
    (400, "ThrottlingException", 429, "rate_limit_error", True),
    (404, "UnknownOperationException", 404, "not_found_error", False),
    (403, "UnrecognizedClientException", 401, "authentication_error", False),
    (400, "ValidationError", 400, "invalid_request_error", False),
    # The user guide's troubleshooting.
    (404, "FTUFormNotFilled", 404, "not_found_error", False),
    (400, "IncompleteSignature", 401, "authentication_error", False),
    (400, "InvalidAction", 400, "invalid_request_error", False),
    (403, "InvalidClientTokenId", 401, "authentication_error", False),
    (403, "MPAgreementBeingCreated", 403, "permission_error", False),
    (400, "NotAuthorized", 403, "permission_error", False),
    (404, "ResourceNotFound", 404, "not_found_error", False),
    # Signatures, and names of older and other services.
    (403, "InvalidSignatureException", 401, "authentication_error", False),
    (403, "MissingAuthenticationToken", 401, "authentication_error", False),
    (403, "SignatureDoesNotMatch", 401, "authentication_error", False),
    (403, "ExpiredToken", 401, "authentication_error", False),
    (403, "InvalidAccessKeyId", 401, "authentication_error", False),
    (403, "InvalidToken", 401, "authentication_error", False),
    (400, "LimitExceededException", 429, "rate_limit_error", True),
    (503, "OverloadedException", 529, "overloaded_error", True),
    (503, "RequestLimitExceeded", 429, "rate_limit_error", True),
    (400, "SerializationException", 400, "invalid_request_error", False),
    (400, "Throttled", 429, "rate_limit_error", True),
    (429, "TooManyRequestsException", 429, "rate_limit_error", True),
]
NAMELESS: list[tuple[int, str, int, str, bool]] = [
    (408, "", 504, "timeout_error", True),
    (413, "", 413, "request_too_large", False),
    (424, "", 500, "api_error", True),
    (429, "", 429, "rate_limit_error", True),
    (502, "", 500, "api_error", True),
    (503, "", 529, "overloaded_error", True),
    (418, "BrandNewException", 418, "invalid_request_error", False),
]


@pytest.mark.parametrize(("status", "name", "shown", "kind", "again"), [*CASES, *NAMELESS])
def test_an_error_makes_the_client_do_what_it_does_with_anthropics(status, name, shown, kind, again):
    answer = refused(status, name, "Words of Amazon")
    assert (answer.status, answer.error.type, sdk_retries(answer)) == (shown, kind, again)


def test_each_row_of_the_table_has_a_case_and_its_documented_status():
    assert {(status, name) for status, name, *_ in CASES} <= {
        (status, row.name) for row in ROWS for status in row.documented
    }
    assert {row.name for row in ROWS} == {name for _, name, *_ in CASES}
    assert all(row.source for row in ROWS)


def test_the_table_has_every_error_of_the_service_model_with_its_status():
    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    shapes = {
        shape.name: shape.metadata["error"]["httpStatusCode"]
        for name in ("InvokeModel", "InvokeModelWithResponseStream", "CountTokens")
        for shape in model.operation_model(name).error_shapes
    }
    assert len(shapes) > 10
    for name, status in shapes.items():
        row = row_of(name)
        assert row is not None, name
        assert status in row.documented, name


@pytest.mark.parametrize(
    ("original", "shown"),
    [(400, 400), (413, 413), (429, 429), (503, 529), (529, 529), (408, 504), (403, 500), (500, 500), ("400", 500)],
)
def test_an_error_of_the_model_itself_has_its_own_status(original, shown):
    body = json.dumps({"message": "No", "originalStatusCode": original, "resourceName": "m"}).encode()
    answer = aws_error(424, [("x-amzn-ErrorType", "ModelErrorException")], body, now=NOW)
    assert answer.status == shown


def test_a_body_beyond_the_limit_is_too_large_and_not_invalid():
    words = (
        "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length less than"
        " or equal to 25000000"
    )
    assert refused(400, "ValidationException", words).error.type == "request_too_large"


@pytest.mark.parametrize(("status", "name"), [(503, "ServiceUnavailableException"), (500, "InternalServerException")])
def test_when_to_try_again_is_passed_on_with_every_error_that_is_retried(status, name):
    assert ("retry-after", "9") in refused(status, name, "Later", ("Retry-After", "9")).headers
    assert "retry-after" not in dict(refused(status, name, "Later").headers)


def test_an_operation_that_is_not_there_is_no_missing_model():
    message = refused(404, "UnknownOperationException", "No such operation", model="claude-opus-4-8").error.message
    assert message == "No such operation", "Claude Code would go on with another model"


def test_a_subscription_in_progress_is_waited_for():
    words = "Your AWS Marketplace subscription for this model is still being processed."
    assert "15 minutes" in refused(403, "AccessDeniedException", words).error.message


@pytest.mark.parametrize(
    ("status", "name"), [(429, "ThrottlingException"), (403, "AccessDeniedException"), (400, "ValidationException")]
)
def test_the_body_is_anthropics_with_amazons_words_first_and_amazons_request_id(status, name):
    answer = refused(status, name, "Words of Amazon")
    document = json.loads(answer.body)
    assert document.keys() == {"type", "error", "request_id"}
    assert document["type"] == "error"
    assert document["error"] == {"type": answer.error.type, "message": answer.error.message}
    assert document["error"]["message"].startswith("Words of Amazon")
    assert document["request_id"] == "6a1f"
    assert ("request-id", "6a1f") in answer.headers
    assert ("content-type", "application/json") in answer.headers
    assert "content-length" not in {key.lower() for key, _ in answer.headers}
    assert error_from_body(answer.status, answer.body) == answer.error


@pytest.mark.parametrize(
    "body",
    [
        {"__type": "com.amazon.coral.service#ThrottlingException", "message": "Slow"},
        {"__type": "ThrottlingException", "Message": "Slow"},
        {"code": "ThrottlingException", "message": "Slow"},
        {"Output": {"__type": "com.amazon.coral.service#ThrottlingException"}, "message": "Slow"},
    ],
)
def test_an_error_that_only_the_body_names_is_read_too(body):
    answer = aws_error(400, [], json.dumps(body).encode(), now=NOW)
    assert (answer.status, answer.error.message) == (429, "Slow")


class TestThrottling:
    def test_says_when_to_try_again_as_amazon_does(self):
        assert ("retry-after", "17") in refused(429, "ThrottlingException", "Slow", ("Retry-After", "17")).headers

    def test_passes_the_date_that_amazon_names(self):
        date = "Sat, 21 Nov 2026 10:00:30 GMT"
        assert ("retry-after", date) in refused(429, "ThrottlingException", "Slow", ("Retry-After", date)).headers

    @pytest.mark.parametrize("value", [None, "", " ", "soon", "9" * 400, "\udcff"])
    def test_says_five_seconds_where_amazon_says_nothing_that_can_be_read(self, value):
        given = [("Retry-After", value)] if value is not None else []
        assert ("retry-after", "5") in refused(429, "ThrottlingException", "Slow", *given).headers

    def test_of_a_day_is_not_tried_again(self):
        answer = refused(429, "ThrottlingException", "Too many tokens per day, please wait before trying again.")
        assert ("x-should-retry", "false") in answer.headers
        assert "retry-after" not in dict(answer.headers)


class TestCredentials:
    @pytest.mark.parametrize(
        ("profile", "command"),
        [("work", "`aws sso login --profile work`"), (None, "`candela auth login --provider aws` or `aws sso login`")],
    )
    def test_that_expired_come_with_the_command_that_renews_them(self, profile, command):
        words = "The security token included in the request is expired"
        answer = refused(403, "ExpiredTokenException", words, profile=profile)
        assert answer.error.message.startswith(f"{words}. ")
        assert command in answer.error.message

    def test_are_not_tried_again_and_again_by_the_client(self):
        assert ("x-should-retry", "false") in refused(403, "UnrecognizedClientException", "No").headers

    @pytest.mark.parametrize(
        "words", ["Bearer Token has expired", "Authentication failed: Please make sure your API Key is valid."]
    )
    def test_that_are_a_bedrock_api_key_lead_to_its_variable(self, words):
        answer = refused(403, "AccessDeniedException", words)
        assert answer.error.type == "authentication_error"
        assert "AWS_BEARER_TOKEN_BEDROCK" in answer.error.message

    def test_that_are_no_signature_have_nothing_to_do_with_the_clock(self):
        date = format_datetime(NOW + timedelta(hours=3), usegmt=True)
        assert (
            "clock"
            not in refused(403, "AccessDeniedException", "Bearer Token has expired", ("Date", date)).error.message
        )

    @pytest.mark.parametrize(
        ("theirs", "said"),
        [
            (NOW - timedelta(minutes=12), "12 minutes ahead of"),
            (NOW + timedelta(minutes=12), "12 minutes behind"),
            (NOW + timedelta(hours=3), "3 hours behind"),
            (NOW - timedelta(days=30), "30 days ahead of"),
        ],
    )
    def test_refused_for_a_wrong_clock_are_explained_with_how_wrong_it_is(self, theirs, said):
        words = "Signature expired: 20261121T100000Z is now earlier than 20261121T100700Z"
        answer = refused(403, "InvalidSignatureException", words, ("Date", format_datetime(theirs, usegmt=True)))
        assert answer.error.message.startswith(words)
        assert said in answer.error.message

    def test_are_not_blamed_on_a_clock_that_is_right(self):
        date = format_datetime(NOW + timedelta(seconds=40), usegmt=True)
        answer = refused(403, "InvalidSignatureException", "The request signature does not match", ("Date", date))
        assert "clock" not in answer.error.message

    @pytest.mark.parametrize(
        "date",
        [
            "",
            "yesterday",
            f"Sat, 21 Nov {10**20} 10:00:00 GMT",
            "Sat, 21 Nov 2026 10:00:00",
            "Sat, 99 Nov 2026 10:00:00 GMT",
        ],
    )
    def test_with_a_date_that_is_none_are_read_all_the_same(self, date):
        assert refused(403, "InvalidSignatureException", "No", ("Date", date)).status == 401


class TestAccess:
    def test_to_a_model_that_is_not_enabled_says_where_to_enable_it(self):
        words = "You don't have access to the model with the specified model ID."
        answer = refused(
            403, "AccessDeniedException", words, region="eu-central-1", model="anthropic.claude-opus-4-6-v1"
        )
        assert answer.error.message == (
            f"{words} Enable the model for this account: https://eu-central-1.console.aws.amazon.com/bedrock/home"
            "?region=eu-central-1#/modelaccess (model: anthropic.claude-opus-4-6-v1)"
        )

    def test_that_no_policy_allows_names_what_to_allow(self):
        words = (
            "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: "
            "bedrock:InvokeModelWithResponseStream on resource: arn:aws:bedrock:us-east-1::foundation-model/m because "
            "no identity-based policy allows the bedrock:InvokeModelWithResponseStream action"
        )
        message = refused(403, "AccessDeniedException", words).error.message
        assert message.startswith(words)
        assert "IAM policy that allows bedrock:InvokeModelWithResponseStream" in message

    def test_that_a_policy_denies_leads_to_the_administrator(self):
        words = (
            "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: bedrock:InvokeModel on resource: "
            "arn:aws:bedrock:us-east-1::foundation-model/m with an explicit deny in a service control policy"
        )
        assert "administrator" in refused(403, "AccessDeniedException", words).error.message

    def test_that_needs_a_subscription_leads_to_the_console(self):
        words = "Not authorized to perform the required AWS Marketplace actions (aws-marketplace:Subscribe)"
        assert "#/modelaccess" in refused(403, "AccessDeniedException", words, region="us-east-1").error.message

    def test_before_the_use_case_form_is_filled_in_leads_to_the_catalog(self):
        words = "Model use case details have not been submitted for this account."
        answer = refused(404, "ResourceNotFoundException", words, region="us-east-1")
        assert "us-east-1#/model-catalog" in answer.error.message


@pytest.mark.parametrize(
    ("words", "setting"),
    [
        (
            "Invocation of model ID anthropic.claude-opus-4-6-v1 with on-demand throughput isn’t supported. Retry your "
            "request with the ID or ARN of an inference profile that contains this model.",
            "inference_profile",
        ),
        ("The provided model identifier is invalid.", '[models."NAME"]'),
    ],
)
def test_a_model_id_that_bedrock_refuses_leads_to_the_setting(words, setting):
    answer = refused(400, "ValidationException", words)
    assert answer.error.message.startswith(words)
    assert setting in answer.error.message


def test_a_conversation_too_long_is_said_in_the_words_for_which_claude_code_compacts_it():
    words = "Input is too long for requested model."
    message = refused(400, "ValidationException", words).error.message
    assert message.startswith(words)
    assert "prompt is too long" in message.lower()


def test_a_refusal_of_the_request_itself_is_in_amazons_words_alone():
    words = "messages.0.content: Field required"
    assert refused(400, "ValidationException", words).error.message == words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><head><title>403 Forbidden</title></head></html>", "403 Forbidden"),
        (b"", "HTTP 403 without a message"),
        (b"\xff\xfe", "\ufffd"),
        (b"[]", "[]"),
        (b'{"message": " "}', '{"message": " "}'),
    ],
)
def test_a_body_in_no_form_of_amazons_is_quoted(body, words):
    answer = aws_error(403, [], body, now=NOW)
    assert answer.status == 403
    assert answer.error.message.startswith(words)


def test_a_request_id_that_is_no_text_does_not_keep_the_error_from_the_client():
    answer = aws_error(400, [("x-amzn-requestid", "a\udcff")], b'{"message":"no"}', now=NOW)
    assert json.loads(answer.body)["request_id"] == "a?"
    assert ("request-id", "a\udcff") in answer.headers


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["__type", "message", "Output"]), inner)
    ),
    max_leaves=6,
)


@given(
    st.integers(400, 599),
    st.lists(st.tuples(st.sampled_from(["x-amzn-errortype", "date", "retry-after", "connection"]), st.text())),
    st.binary() | JSON.map(lambda document: json.dumps(document).encode()),
)
def test_whatever_amazon_answers_there_is_an_error_of_the_messages_api(status, headers, body):
    answer = aws_error(status, headers, body, now=NOW)
    document = json.loads(answer.body)
    assert 400 <= answer.status < 600
    assert document["error"]["message"]


def test_a_refused_signature_does_not_quote_the_session_token() -> None:
    words = (
        "The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for"
        " this request should have been\n'POST\n/model/m/invoke\n\nhost:h\nx-amz-security-token:FwoGZXIvYXdzEXAMPLE\n"
    )
    answer = refused(403, "InvalidSignatureException", words)
    assert "FwoGZXIvYXdzEXAMPLE" not in answer.error.message
    assert answer.error.message.startswith("The request signature we calculated does not match")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_that_is_no_error_of_amazons_is_not_taken_for_one(status: int) -> None:
    answer = aws_error(status, [], b"<html><title>Blocked by the company</title></html>", now=NOW)
    assert answer.status == status
    assert answer.error.message == f"Blocked by the company. {FROM_ELSEWHERE}"
