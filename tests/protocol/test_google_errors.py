"""What Google's errors become for a client of the Messages API."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.errors import ErrorAnswer, error_from_body
from candela_tui.protocol.google_errors import google_error

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


@pytest.mark.parametrize(
    ("status", "name", "shown", "kind"),
    [
        (400, "INVALID_ARGUMENT", 400, "invalid_request_error"),
        (400, "FAILED_PRECONDITION", 400, "invalid_request_error"),
        (401, "UNAUTHENTICATED", 401, "authentication_error"),
        (403, "PERMISSION_DENIED", 403, "permission_error"),
        (404, "NOT_FOUND", 404, "not_found_error"),
        (413, "", 413, "request_too_large"),
        (429, "RESOURCE_EXHAUSTED", 429, "rate_limit_error"),
        (500, "INTERNAL", 500, "api_error"),
        (502, "", 500, "api_error"),
        (503, "UNAVAILABLE", 529, "overloaded_error"),
        (503, "", 529, "overloaded_error"),
        (504, "DEADLINE_EXCEEDED", 504, "timeout_error"),
    ],
)
def test_an_error_gets_the_status_and_type_that_clients_of_messages_act_on(status, name, shown, kind):
    answer = refused(status, name, "Words of Google", request_id="req_vrtx_1")
    document = json.loads(answer.body)
    assert (answer.status, answer.error.type) == (shown, kind)
    assert document["error"]["message"].startswith("Words of Google")
    assert document["request_id"] == "req_vrtx_1"
    assert ("request-id", "req_vrtx_1") in answer.headers
    assert error_from_body(answer.status, answer.body) == answer.error


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
