"""candela's own answers to the client."""

import json

import pytest

from candela_tui.providers.replies import error_reply


@pytest.mark.parametrize("status", [400, 401, 404, 502])
def test_an_error_is_in_the_form_of_the_messages_api(status):
    reply = error_reply(status, "what happened")
    assert reply.status == status
    assert ("content-type", "application/json") in reply.headers
    assert json.loads(reply.body)["error"]["message"] == "what happened"


@pytest.mark.parametrize(("status", "asked"), [(401, True), (502, False)])
def test_only_missing_credentials_ask_the_client_not_to_try_again(status, asked):
    assert (("x-should-retry", "false") in error_reply(status, "what happened").headers) is asked
