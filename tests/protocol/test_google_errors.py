"""What Google's errors become for a client of the Messages API."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.errors import FROM_ELSEWHERE, ErrorAnswer, error_from_body
from candela_tui.providers.vertex.error_table import GOOGLE_ERRORS
from candela_tui.providers.vertex.google_errors import google_error
from tests.protocol.sdk_retries import sdk_retries

SERVICE_DISABLED = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "SERVICE_DISABLED",
    "domain": "googleapis.com",
    "metadata": {
        "service": "aiplatform.googleapis.com",
        "activationUrl": "https://console.developers.google.com/apis/api/aiplatform.googleapis.com/overview?project=p1",
    },
}


def body_of(code: int, name: str, words: str, *details: dict[str, Any]) -> bytes:
    return json.dumps({"error": {"code": code, "message": words, "status": name, "details": details}}).encode()


def read(status: int, body: bytes, *headers: tuple[str, str]) -> ErrorAnswer | None:
    return google_error(
        status, list(headers), body, project="p1", region="us-east5", model="claude-sonnet-4-5@20250929"
    )


def refused(status: int, name: str, words: str, *details: dict[str, Any], **headers: str) -> ErrorAnswer:
    fields = [(key.replace("_", "-"), value) for key, value in headers.items()]
    answer = read(status, body_of(status, name, words, *details), *fields)
    assert answer is not None
    return answer


# Google's status and code by its documentation, what the client gets, and whether it may send the request again.
CASES: list[tuple[int, str, int, str, bool]] = [
    (400, "INVALID_ARGUMENT", 400, "invalid_request_error", False),
    (400, "FAILED_PRECONDITION", 400, "invalid_request_error", False),
    (400, "OUT_OF_RANGE", 400, "invalid_request_error", False),
    (401, "UNAUTHENTICATED", 401, "authentication_error", False),
    (403, "PERMISSION_DENIED", 403, "permission_error", False),
    (404, "NOT_FOUND", 404, "not_found_error", False),
    (409, "ALREADY_EXISTS", 400, "invalid_request_error", False),
    (409, "ABORTED", 409, "conflict_error", True),
    (429, "RESOURCE_EXHAUSTED", 429, "rate_limit_error", True),
    (499, "CANCELLED", 500, "api_error", True),
    (500, "UNKNOWN", 500, "api_error", True),
    (500, "INTERNAL", 500, "api_error", True),
    (500, "DATA_LOSS", 500, "api_error", False),
    (501, "UNIMPLEMENTED", 400, "invalid_request_error", False),
    (503, "UNAVAILABLE", 529, "overloaded_error", True),
    (504, "DEADLINE_EXCEEDED", 504, "timeout_error", True),
]
NAMELESS: list[tuple[int, str, int, str, bool]] = [
    (408, "", 504, "timeout_error", True),
    (413, "", 413, "request_too_large", False),
    (499, "", 500, "api_error", True),
    (501, "", 400, "invalid_request_error", False),
    (502, "", 500, "api_error", True),
    (503, "", 529, "overloaded_error", True),
    (418, "BRAND_NEW", 418, "invalid_request_error", False),
]


@pytest.mark.parametrize(("status", "name", "shown", "kind", "again"), [*CASES, *NAMELESS])
def test_an_error_makes_the_client_do_what_it_does_with_anthropics(status, name, shown, kind, again):
    answer = refused(status, name, "Words of Google", request_id="req_vrtx_1")
    document = json.loads(answer.body)
    assert (answer.status, answer.error.type, sdk_retries(answer)) == (shown, kind, again)
    assert document["error"]["message"].startswith("Words of Google")
    assert document["request_id"] == "req_vrtx_1"
    assert ("request-id", "req_vrtx_1") in answer.headers
    assert error_from_body(answer.status, answer.body) == answer.error


def test_each_row_of_the_table_has_a_case_and_its_documented_status():
    assert {name: (status,) for status, name, *_ in CASES} == {
        row.name: row.documented for row in GOOGLE_ERRORS.values()
    }


def test_a_body_beyond_the_limit_is_too_large_and_not_invalid():
    words = "Request payload size exceeds the limit: 31457280 bytes."
    assert refused(400, "INVALID_ARGUMENT", words).error.type == "request_too_large"


@pytest.mark.parametrize(("status", "name"), [(503, "UNAVAILABLE"), (500, "INTERNAL"), (504, "DEADLINE_EXCEEDED")])
def test_when_to_try_again_is_passed_on_with_every_error_that_is_retried(status, name):
    assert ("retry-after", "9") in refused(status, name, "Later", retry_after="9").headers
    assert "retry-after" not in dict(refused(status, name, "Later").headers)


def test_an_error_in_a_list_is_read_as_the_error():
    answer = read(429, b"[%b]" % body_of(429, "RESOURCE_EXHAUSTED", "Quota exceeded"))
    assert answer is not None
    assert answer.error.type == "rate_limit_error"
    assert answer.error.message.startswith("Quota exceeded")


def test_an_error_that_is_anthropics_already_passes():
    assert read(400, b'{"type":"error","error":{"type":"invalid_request_error","message":"no"}}') is None


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "30.2s"}


class TestQuota:
    def test_says_when_to_try_again_as_the_detail_does(self):
        assert ("retry-after", "31") in refused(429, "RESOURCE_EXHAUSTED", "Slow", RETRY).headers

    @pytest.mark.parametrize("delay", ["5s\r\nSet-Cookie: a=b", "later", 7, None])
    def test_takes_no_field_from_a_detail_that_is_no_time(self, delay):
        detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
        assert ("retry-after", "5") in refused(429, "RESOURCE_EXHAUSTED", "Slow", detail).headers

    def test_prefers_the_field_of_the_answer(self):
        assert ("retry-after", "7") in refused(429, "RESOURCE_EXHAUSTED", "Slow", RETRY, retry_after="7").headers

    def test_says_five_seconds_where_google_says_nothing(self):
        assert ("retry-after", "5") in refused(429, "RESOURCE_EXHAUSTED", "Slow").headers

    def test_leads_to_the_quotas_of_the_project(self):
        assert "iam-admin/quotas?project=p1" in refused(429, "RESOURCE_EXHAUSTED", "Slow").error.message


class TestCredentials:
    def test_that_are_refused_come_with_the_command_that_renews_them(self):
        answer = refused(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        assert "`gcloud auth application-default login`" in answer.error.message

    def test_are_not_tried_again_and_again_by_the_client(self):
        assert ("x-should-retry", "false") in refused(401, "UNAUTHENTICATED", "No").headers


@pytest.mark.parametrize(
    ("status", "name", "words"),
    [
        (404, "NOT_FOUND", "Publisher Model was not found."),
        (400, "FAILED_PRECONDITION", "Publisher Model is not servable in region us-east5."),
    ],
)
@pytest.mark.parametrize(
    ("model", "region", "told"),
    [
        ("claude-opus-9", "us-east5", True),
        ("claude-opus-9", "eu", False),
        ("claude-sonnet-4-5@20250929", "us-east5", False),
    ],
)
def test_a_newer_model_that_a_single_region_lacks_is_told_with_its_locations(status, name, words, model, region, told):
    body = json.dumps({"error": {"code": status, "message": words, "status": name}}).encode()
    answer = google_error(status, [], body, project="p1", region=region, model=model)
    assert ("models after Sonnet 4.6 are in global, us and eu" in answer.error.message) is told


@pytest.mark.parametrize(
    ("words", "details", "advice"),
    [
        ("Vertex AI API is disabled.", [SERVICE_DISABLED], SERVICE_DISABLED["metadata"]["activationUrl"]),
        (
            "Vertex AI API has not been used in project p1 before or it is disabled.",
            [],
            "`gcloud services enable aiplatform.googleapis.com --project p1`",
        ),
        ("This API method requires billing to be enabled.", [], "billing/linkedaccount?project=p1"),
        (
            "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/…'",
            [],
            "roles/aiplatform.user",
        ),
        (
            "Request had insufficient authentication scopes.",
            [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}],
            "gcloud auth application-default login",
        ),
        (
            "Caller does not have required permission to use project p1.",
            [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "USER_PROJECT_DENIED"}],
            "quota project",
        ),
    ],
)
def test_a_denied_permission_says_what_grants_it(words, details, advice):
    answer = refused(403, "PERMISSION_DENIED", words, *details)
    assert answer.error.message.startswith(words)
    assert advice in answer.error.message


def test_a_model_that_is_not_there_leads_to_its_card_in_model_garden_and_to_other_regions():
    words = (
        "Publisher Model `projects/p1/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5@20250929` was "
        "not found or your project does not have access to it."
    )
    message = refused(404, "NOT_FOUND", words).error.message
    assert message.startswith(words)
    assert "/publishers/anthropic/model-garden/claude-sonnet-4-5?project=p1" in message
    assert "now us-east5" in message
    assert "model: claude-sonnet-4-5@20250929" in message


def test_a_model_that_the_region_does_not_serve_leads_to_the_setting():
    words = "Publisher Model claude-opus-4-8 is not servable in region us-east5."
    assert "region under [vertex]" in refused(400, "FAILED_PRECONDITION", words).error.message


@pytest.mark.parametrize("words", ["messages.0.content: Field required", "tools.0.location: Extra inputs"])
def test_a_refusal_of_the_request_itself_is_in_googles_words_alone(words):
    assert refused(400, "INVALID_ARGUMENT", words).error.message == words


def test_googles_page_for_what_is_not_there_leads_to_region_and_base_url():
    answer = read(404, b"<!DOCTYPE html><html><title>Error 404 (Not Found)!!1</title>")
    assert answer is not None
    assert answer.error.message.startswith("Error 404 (Not Found)!!1")
    assert "base_url" in answer.error.message


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "status", "message", "details", "@type", "retryDelay"]), inner)
    ),
    max_leaves=8,
)


@given(
    st.integers(400, 599),
    st.lists(st.tuples(st.sampled_from(["retry-after", "request-id"]), st.text(max_size=5))),
    st.binary() | JSON.map(lambda document: json.dumps(document).encode()),
)
def test_whatever_google_answers_there_is_an_error_of_the_messages_api(status, headers, body):
    answer = read(status, body, *headers)
    assert answer is None or json.loads(answer.body)["error"]["message"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_that_is_no_error_of_googles_is_not_taken_for_one(status: int) -> None:
    answer = read(status, b"<html><title>Blocked by the company</title></html>")
    assert answer is not None
    assert answer.status == status
    assert answer.error.message == f"Blocked by the company. {FROM_ELSEWHERE}"
