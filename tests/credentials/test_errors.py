import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.credentials.errors import quotable

_MIXED = st.text(string.ascii_letters + string.digits + "+=_-", min_size=36, max_size=900).map(lambda s: "aB3" + s)


@given(st.text("abc :,\n'\"", max_size=30), _MIXED, st.sampled_from(["", " ", '"', "'", ",", "\n"]))
def test_a_key_or_token_in_what_a_command_says_is_not_quoted(before: str, secret: str, after: str) -> None:
    assert secret not in quotable(f"{before} {secret}{after}")


@pytest.mark.parametrize(
    "words",
    [
        "Token has been expired or revoked.",
        "User: arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/jo@example.com may not",
        'Could not connect to the endpoint URL: "https://sts.us-east-1.amazonaws.com/"',
        "File /Users/Jo1/.config/gcloud/application_default_credentials.json is not valid",
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource",
    ],
)
def test_what_helps_is_quoted_whole(words: str) -> None:
    assert quotable(words) == words


def test_long_words_on_many_lines_become_one_short_line() -> None:
    line = quotable("no luck\n" * 100)
    assert len(line) == 300
    assert "\n" not in line


@pytest.mark.parametrize(
    "words",
    [
        "oops, SecretAccessKey=hunter2hunter2",
        'bad answer: {"refresh_token": "hunter2hunter2", "n": 1}',
        "PASSWORD: hunter2hunter2",
    ],
)
def test_what_is_named_a_secret_is_not_quoted_however_short(words: str) -> None:
    assert "hunter2" not in quotable(words)


@pytest.mark.parametrize(
    "words",
    [
        "./sk-ant-api03-Hunter2hunter2",
        "https://jo:hunter2@example.com/",
        "Authorization: Bearer hunter2hunter",
        "0123456789abcdef0123456789abcdef",
        "GOCSPX-hunter2hunter2hunter2",
        "grant?token=hunter2&x=1",
    ],
)
def test_what_looks_like_a_secret_is_not_quoted_wherever_it_stands(words: str) -> None:
    said = quotable(words)
    assert "hunter2" not in said.lower()
    assert "[redacted]" in said


def test_a_secret_key_that_begins_like_a_path_is_not_quoted() -> None:
    key = "/K7MDENG9bPxRfiCYEXAMPLEKEYwJalrXUtnFEMI"
    assert key not in quotable(f"keys: {key}")


@pytest.mark.parametrize("words", ["token: expired", "Missing required key in response: 'AccessKeyId'", "key 2 of 3"])
def test_words_about_keys_are_quoted(words: str) -> None:
    assert quotable(words) == words
