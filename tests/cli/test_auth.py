"""``candela auth``, as a program: with a terminal, with a pipe, and with neither."""

import json
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from candela_tui.credentials.vault import encrypted_file
from candela_tui.credentials.vault.choice import open_vault
from tests.cli.command import Home, open_window
from tests.cli.test_start_up import imported_by
from tests.cli.typist import typing
from tests.credentials.vault.secret_service import gnome_keyring, session_bus
from tests.e2e.terminal import Terminal
from tests.standin import Provider, error
from tests.standin.answers import Answer

KEY = "sk-ant-api03-a-key-that-nobody-may-see-0123456789"
PASSPHRASE = "a few words are good"


@pytest.fixture
def home(home: Home) -> Home:
    """Without a keyring, without a cloud."""
    home.environment |= {
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "NO_GCE_CHECK": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": str(home.directory / "bin"),
    }
    home.with_programs()
    return home


def kept(home: Home) -> str | None:
    return open_vault("file", home.data / "vault.json", lambda: PASSPHRASE).read("anthropic-api-key")


def in_plain(home: Home, secret: str) -> list[Path]:
    """Files of the home that hold it."""
    return [path for path in home.directory.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


async def doctor_of_anthropic(home: Home) -> list[tuple[str, str]]:
    """State and fix of what the doctor says about candela's credentials for Anthropic, and about its access."""
    found = {one["id"]: one for one in json.loads((await home.run("doctor", "--json")).out)["checks"]}
    both = (found["credentials.anthropic"], found["provider.anthropic-access"])
    return [(one["state"], one["fix"]) for one in both]


class TestAPipedKey:
    async def test_is_kept_and_checked(self, home: Home, provider: Provider) -> None:
        ran = await home.run_piped(f"{KEY}\n", "auth", "login", "--with-key", CANDELA_PASSPHRASE=PASSPHRASE)
        assert (ran.code, ran.err) == (0, "")
        assert "API key …6789" in ran.out
        assert "✓ Anthropic lists 1 model" in ran.out
        assert KEY not in ran.out
        assert kept(home) == KEY
        assert in_plain(home, KEY) == []
        assert {request.header("x-api-key") for request in provider.requests} == {KEY}

    async def test_that_is_refused_is_told_in_the_providers_words_and_not_kept(
        self, home: Home, provider: Provider
    ) -> None:
        provider.respond = lambda _: error(401, "invalid x-api-key")
        ran = await home.run_piped(KEY, "auth", "login", "--with-key", CANDELA_PASSPHRASE=PASSPHRASE)
        assert ran.code == 1
        assert "Anthropic refuses this API key: invalid x-api-key" in ran.err
        assert not (home.data / "accounts.json").exists()
        assert not (home.data / "vault.json").exists()

    @pytest.mark.parametrize(
        ("status", "title", "fix"),
        [(200, "Guest Wi-Fi", "log in to this network"), (403, "Blocked", "allow Anthropic")],
        ids=["captive portal", "company proxy"],
    )
    async def test_about_which_only_a_web_page_came_is_kept_not_proven(
        self, home: Home, provider: Provider, status: int, title: str, fix: str
    ) -> None:
        page = Answer([f"<html><title>{title}</title></html>".encode()], status=status, framing="length")
        provider.respond = lambda _: page
        ran = await home.run_piped(KEY, "auth", "login", "--with-key", CANDELA_PASSPHRASE=PASSPHRASE)
        assert (ran.code, ran.err) == (1, "")
        assert ran.out.count(title) == 1
        assert f'✗ not proven: a web page came in place of an answer of Anthropic (HTTP {status}): "{title}"' in ran.out
        assert fix in ran.out
        assert "API key …6789 is kept, not proven." in ran.out
        assert kept(home) == KEY

    async def test_refused_in_another_form_than_anthropics_is_kept_not_proven(
        self, home: Home, provider: Provider
    ) -> None:
        policy = Answer([b'{"message": "blocked by policy"}'], status=403, framing="length")
        provider.respond = lambda _: policy
        ran = await home.run_piped(KEY, "auth", "login", "--with-key", CANDELA_PASSPHRASE=PASSPHRASE)
        assert (ran.code, ran.err) == (1, "")
        assert "✗ not proven: the response (HTTP 403) is not from Anthropic: " in ran.out
        assert "API key …6789 is kept, not proven." in ran.out
        assert kept(home) == KEY

    async def test_ends_with_what_to_run(self, home: Home) -> None:
        here = {"CANDELA_PASSPHRASE": PASSPHRASE}
        ran = await home.run_piped(KEY, "auth", "login", "--with-key", **here)
        assert ran.out.endswith("Start Claude Code with `candela claude`.\n")
        home.config.write_text('[proxy]\ndefault_route = "anthropic-bedrock"\n')
        ran = await home.run_piped(KEY, "auth", "login", "--with-key", **here)
        assert ran.out.endswith(
            "Start Claude Code with `candela claude --route direct`. To leave out --route, make it the default:"
            " `candela config set proxy.default_route anthropic-direct`.\n"
        )

    async def test_needs_a_place_to_be_kept(self, home: Home) -> None:
        ran = await home.run_piped(KEY, "auth", "login", "--with-key")
        assert ran.code == 2
        assert "no keyring" in ran.out
        assert "Where should candela store the secret? There is no terminal to ask on." in ran.err
        assert "set CANDELA_PASSPHRASE" in ran.err

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "standard input is empty"),
            ("sk-ant-two words", "That is not an API key"),
            ("sk-ant-\0nul", "That is not an API key"),
            ("sk-ant-" + "k" * 200_000, "That is not an API key"),
            ("sk-ant-oat01-subscription", "a token of a Claude subscription"),
        ],
    )
    async def test_that_is_none_is_refused_with_words(self, home: Home, text: str, words: str) -> None:
        ran = await home.run_piped(text, "auth", "login", "--with-key", CANDELA_PASSPHRASE=PASSPHRASE)
        assert ran.code == 1
        assert words in ran.err
        assert not (home.data / "accounts.json").exists()

    async def test_is_for_every_provider_that_takes_one(self, home: Home) -> None:
        key = "ABSKQmVkcm9ja0FQSUtleS1leGFtcGxl"
        for provider, options in {
            "aws": ["--region", "us-east-1"],
            "claude-aws": ["--workspace", "wrkspc_01Mine"],
            "foundry": ["--resource", "mine"],
        }.items():
            arguments = ["auth", "login", "--provider", provider, *options, "--with-key"]
            ran = await home.run_piped(key, *arguments, CANDELA_PASSPHRASE=PASSPHRASE)
            assert f"is stored in {home.data / 'vault.json'}" in ran.out, ran.err
        assert in_plain(home, key) == []

    async def test_without_a_provider_its_form_says_whose_it_is(self, home: Home) -> None:
        ran = await home.run_piped("ABSKQmVkcm9ja0FQSUtleS1leGFtcGxl", "auth", "login", "--with-key")
        assert ran.code == 2
        assert "Amazon Bedrock, Bedrock API key: there is no terminal to ask on. Add --region." in ran.err

    async def test_of_an_unknown_form_needs_a_provider(self, home: Home, provider: Provider) -> None:
        ran = await home.run_piped("hello", "auth", "login", "--with-key", CANDELA_PASSPHRASE=PASSPHRASE)
        assert ran.code == 2
        assert "begins neither with sk-ant- (Anthropic) nor with ABSK (Bedrock). Say whose it is with --provider:" in (
            " ".join(ran.err.split())
        )
        assert not provider.requests
        assert kept(home) is None

    async def test_is_not_for_a_provider_that_takes_none(self, home: Home) -> None:
        ran = await home.run_piped(KEY, "auth", "login", "--with-key", "--provider", "gcp")
        assert ran.code == 2
        assert "No method of Google Vertex AI takes --with-key. Methods: service-account" in ran.err

    async def test_goes_into_the_keyring_where_there_is_one(self, home: Home, tmp_path: Path) -> None:
        folder = tmp_path / "session"
        folder.mkdir()
        del home.environment["PYTHON_KEYRING_BACKEND"]
        with session_bus(folder) as address, gnome_keyring(folder, address):
            here = {"DBUS_SESSION_BUS_ADDRESS": address}
            assert (await home.run_piped(KEY, "auth", "login", "--with-key", **here)).code == 0
            assert json.loads((home.data / "accounts.json").read_text())["anthropic"]["store"] == "keyring"
            assert (await home.run("auth", "test", **here)).code == 0
            assert "was deleted from" in (await home.run("auth", "logout", **here)).out
            assert (await home.run("auth", "status", "--provider", "anthropic", **here)).code == 1

    async def test_in_another_store_takes_it_out_of_the_former(self, home: Home, tmp_path: Path) -> None:
        folder = tmp_path / "session"
        folder.mkdir()
        del home.environment["PYTHON_KEYRING_BACKEND"]
        with session_bus(folder) as address:
            here = {"DBUS_SESSION_BUS_ADDRESS": address, "CANDELA_PASSPHRASE": PASSPHRASE}
            to_file = ("auth", "login", "--with-key", "--store", "file")
            with gnome_keyring(folder, address):
                await home.run_piped(KEY, "auth", "login", "--with-key", "--store", "keyring", **here)
                assert "is still in" not in (await home.run_piped(KEY, *to_file, **here)).out
                await home.run_piped(KEY, "auth", "login", "--with-key", "--store", "keyring", **here)
            # As over SSH: nobody unlocks the keyring.
            with gnome_keyring(folder, address, unlocked=False):
                locked = await home.run("auth", "test", **here)
                assert "Keyring is locked" in locked.out
                assert "`candela auth login --store file`" in locked.out
                moved = (await home.run_piped(KEY, *to_file, **here)).out
                assert "The secret of the sign-in before is still in" in moved
                assert "`candela auth logout --provider anthropic` removes it" in moved
            with gnome_keyring(folder, address):
                out = (await home.run("auth", "logout", "--provider", "anthropic", **here)).out
                assert out.count("The Anthropic API key was deleted from") == 2


class TestAtATerminal:
    async def test_a_key_is_typed_hidden_and_kept_under_a_passphrase_typed_twice(self, home: Home) -> None:
        async with typing(home, "auth", "login") as typist:
            await typist.sees("Number [1]: ")
            await typist.types("1")
            await typist.sees("API key: ")
            assert not typist.echoes
            await typist.types(KEY)
            await typist.sees("An encrypted file")
            assert typist.echoes
            await typist.types("file")
            for question in ("A passphrase for the encrypted file: ", "Passphrase again: "):
                await typist.sees(question)
                assert not typist.echoes
                await typist.types(PASSPHRASE)
            await typist.sees("✓ Anthropic lists 1 model")
            assert await typist.ended() == 0
            assert KEY not in typist.seen
            assert PASSPHRASE not in typist.seen
        assert kept(home) == KEY
        # At the usual cost, which is a lower one in tests (tests/cheap_processes.py).
        assert json.loads((home.data / "vault.json").read_text())["n"] == encrypted_file._COST

    async def test_an_answer_that_is_none_is_asked_again(self, home: Home) -> None:
        async with typing(home, "auth", "login") as typist:
            await typist.sees("Number [1]: ")
            await typist.types("17")
            await typist.sees("Type a number from 1 to 7.")
            await typist.types("anthropic")
            await typist.sees("API key: ")

    async def test_a_choice_is_read_to_its_end_on_a_narrow_terminal_with_urls_whole(self, home: Home) -> None:
        async with typing(home, "auth", "login", "--provider", "foundry", COLUMNS="60") as typist:
            await typist.sees("Number [1]: ")
            assert all(len(line) <= 60 for line in typist.seen.splitlines())
            assert "https://ai.azure.com" in typist.seen

    async def test_ctrl_c_gives_up_keeps_nothing_and_leaves_the_terminal_as_it_was(self, home: Home) -> None:
        async with typing(home, "auth", "login", "--provider", "anthropic") as typist:
            await typist.sees("API key: ")
            assert not typist.echoes
            typist.interrupts()
            await typist.sees("Given up.")
            assert await typist.ended() == 128 + signal.SIGINT
            assert typist.echoes
        assert not (home.data / "accounts.json").exists()

    async def test_the_end_of_the_input_gives_up(self, home: Home) -> None:
        async with typing(home, "auth", "login", "--provider", "anthropic") as typist:
            await typist.sees("API key: ")
            os.write(typist._terminal, b"\x04")
            await typist.sees("Given up: nothing was kept.")
            assert await typist.ended() == 1

    async def test_a_wrong_passphrase_is_asked_again(self, home: Home) -> None:
        await home.run_piped(KEY, "auth", "login", "--with-key", CANDELA_PASSPHRASE=PASSPHRASE)
        async with typing(home, "auth", "test", "--provider", "anthropic") as typist:
            await typist.sees("Passphrase of")
            await typist.types("another one")
            await typist.sees("that is not its passphrase")
            await typist.sees("Passphrase of")
            await typist.types(PASSPHRASE)
            await typist.sees("✓ Anthropic lists 1 model")
            assert await typist.ended() == 0

    async def test_the_candela_in_the_background_is_given_the_passphrase(self, home: Home) -> None:
        await home.run_piped(KEY, "auth", "login", "--with-key", CANDELA_PASSPHRASE=PASSPHRASE)
        await home.run("start")
        locked = await home.run("auth", "test")
        assert locked.code == 1
        assert "candela auth unlock" in locked.out
        status = await home.run("auth", "status", "--provider", "anthropic")
        assert status.out.count("candela auth unlock") == 1
        assert "candela auth login" not in status.out
        assert await doctor_of_anthropic(home) == [("bad", ""), ("bad", "")]
        async with typing(home, "auth", "unlock") as typist:
            await typist.sees("Passphrase of")
            await typist.types(PASSPHRASE)
            await typist.sees("until it stops")
            assert await typist.ended() == 0
        assert (await home.run("auth", "test")).code == 0
        assert await doctor_of_anthropic(home) == [("ok", ""), ("ok", "")]
        assert in_plain(home, PASSPHRASE) == []


class TestARunningCandela:
    """One that started without the passphrase, and gets it in each way in which a user may give it."""

    @pytest.mark.parametrize("way", ["unlock by the environment", "unlock by a pipe", "test", "another login", "exec"])
    async def test_is_given_the_passphrase_and_answers(self, way: str, home: Home) -> None:
        here = {"CANDELA_PASSPHRASE": PASSPHRASE}
        await home.run_piped(KEY, "auth", "login", "--with-key", **here)
        await home.run("start")
        asked = ("auth", "status", "--provider", "anthropic")
        locked = await home.run(*asked, **here)
        assert (locked.code, locked.out.partition("\n")[0]) == (1, "◍ Anthropic: locked")
        ran = {
            "unlock by the environment": lambda: home.run("auth", "unlock", **here),
            "unlock by a pipe": lambda: home.run_piped(f"{PASSPHRASE}\n", "auth", "unlock"),
            "test": lambda: home.run("auth", "test", **here),
            "another login": lambda: home.run_piped(KEY, "auth", "login", "--with-key", **here),
            "exec": lambda: home.run("exec", "--", "/bin/sh", "-c", "true", **here),
        }
        assert (await ran[way]()).code == 0
        assert (await home.run(*asked)).out.startswith("● Anthropic: signed in")
        assert (await home.run("auth", "test")).code == 0

    async def test_that_has_no_file_yet_is_given_the_passphrase_of_the_new_one(self, home: Home) -> None:
        await home.run("start")
        await home.run_piped(KEY, "auth", "login", "--with-key", CANDELA_PASSPHRASE=PASSPHRASE)
        assert (await home.run("auth", "test")).code == 0

    async def test_is_not_said_to_be_open_for_a_wrong_passphrase(self, home: Home) -> None:
        await home.run_piped(KEY, "auth", "login", "--with-key", CANDELA_PASSPHRASE=PASSPHRASE)
        await home.run("start")
        ran = await home.run("auth", "unlock", CANDELA_PASSPHRASE="another passphrase")
        assert (ran.code, ran.out) == (1, "")
        assert "that is not its passphrase" in ran.err


class TestInTheDashboard:
    @pytest.mark.parametrize("attached", [False, True], ids=["its own proxy", "attached"])
    async def test_the_wizard_signs_in_for_the_candela_that_it_shows(
        self, attached: bool, home: Home, tmp_path: Path, provider: Provider
    ) -> None:
        if attached:
            await home.run("start")
        tmux = str(Path(shutil.which("tmux") or "tmux").parent)
        async with Terminal(tmp_path / "tmux", 80, 24) as terminal:
            environment = {**home.environment, "PATH": f"{home.environment['PATH']}:{tmux}"}
            await open_window(terminal, "it", ["attach"] if attached else [], environment, home.directory)
            await terminal.shows("it", "○ Anthropic", "press a to sign in")
            await terminal.press("it", "a")
            await terminal.shows("it", "Sign in to", "Amazon Bedrock")
            await terminal.press("it", "Enter")
            await terminal.shows("it", "API key", "not shown")
            await terminal.type("it", KEY)
            await terminal.press("it", "Enter")
            await terminal.shows("it", "An encrypted file")
            await terminal.press("it", "Enter")
            for question in ("A passphrase for the encrypted file", "Passphrase again"):
                await terminal.shows("it", question, "not shown")
                await terminal.type("it", PASSPHRASE)
                await terminal.shows("it", "•" * len(PASSPHRASE))
                await terminal.press("it", "Enter")
            screen = await terminal.shows("it", "Anthropic lists 1 model", "Ready. Start")
            assert KEY not in screen
            assert f"http://127.0.0.1:{home.port}" in screen
            await terminal.press("it", "Enter")
            await terminal.shows("it", "● signed in", "0 live", "? Keys")
            assert (await home.run("auth", "test")).code == 0
            await terminal.press("it", "q")
            assert await terminal.exit_code("it") == 0
        assert {request.header("x-api-key") for request in provider.requests} == {KEY}
        assert in_plain(home, KEY) == in_plain(home, PASSPHRASE) == []


class TestWithoutATerminal:
    async def test_it_says_what_it_would_have_asked(self, home: Home) -> None:
        ran = await home.run("auth", "login", "--provider", "anthropic")
        assert ran.code == 2
        assert "Anthropic, API key: there is no terminal to ask on. Add --with-key." in ran.err
        ran = await home.run("auth", "login", "--provider", "aws", "--start-url", "https://corp.awsapps.com/start")
        assert ran.code == 2
        assert "there is no terminal to ask on. Add --account --role --region." in ran.err
        ran = await home.run("auth", "login", "--provider", "gcp", "--method", "paste")
        assert ran.code == 2
        assert "this asks what only a terminal can answer" in ran.err

    async def test_an_option_that_no_method_asks_for_is_refused(self, home: Home) -> None:
        ran = await home.run("auth", "login", "--provider", "gcp", "--account", "111111111111")
        assert ran.code == 2
        assert "No method of Google Vertex AI takes --account." in ran.err

    async def test_a_profile_that_there_is_not_is_told_with_those_that_there_are(self, home: Home) -> None:
        file = home.directory / ".aws" / "credentials"
        file.parent.mkdir()
        file.write_text("[work]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = secret\n")
        ran = await home.run("auth", "login", "--provider", "aws", "--profile", "wrok")
        assert ran.code == 2
        assert "--profile wrok: there is no such profile. There is work." in ran.err
        ran = await home.run("auth", "login", "--provider", "aws", "--profile", "work", "--region", "Frankfurt")
        assert ran.code == 2
        assert "--region Frankfurt: That is not an AWS region" in ran.err

    async def test_a_way_that_there_is_not_is_told_with_those_that_there_are(self, home: Home) -> None:
        ran = await home.run("auth", "login", "--provider", "anthropic", "--method", "browser")
        assert ran.code == 2
        assert "Anthropic has no sign-in method 'browser' on this machine. Methods: key." in ran.err

    async def test_the_provider_is_an_answer_too(self, home: Home) -> None:
        ran = await home.run("auth", "login")
        assert ran.code == 2
        assert "There is no terminal to ask on. Add --provider: anthropic, gcp, aws" in ran.err

    async def test_a_mistake_in_the_settings_is_told(self, home: Home) -> None:
        home.config.write_text("[anthropic]\nkey_lifetime_s = 'long'\n")
        ran = await home.run("auth", "status")
        assert ran.code == 1
        assert "anthropic.key_lifetime_s" in ran.err


class TestStatus:
    async def test_says_what_there_is_not_and_how_to_get_it(self, home: Home) -> None:
        ran = await home.run("auth", "status")
        assert ran.code == 1
        assert "○ Anthropic: not set up\n    candela auth login --provider anthropic\n" in ran.out

    async def test_says_what_was_found_and_who_signed_in(self, home: Home) -> None:
        await home.run_piped(KEY, "auth", "login", "--with-key", CANDELA_PASSPHRASE=PASSPHRASE)
        asked = ("auth", "status", "--json", "--provider", "anthropic")
        locked = await home.run(*asked)
        assert (locked.code, json.loads(locked.out)["providers"][0]["standing"]) == (1, "locked")
        ran = await home.run(*asked, CANDELA_PASSPHRASE=PASSPHRASE)
        assert ran.code == 0
        (found,) = json.loads(ran.out)["providers"]
        assert (found["provider"], found["standing"], found["until"]) == ("anthropic", "signed in", None)
        assert found["found"][0]["source"].endswith("vault.json")
        assert "API key …6789" in found["words"]

    async def test_a_key_of_claude_codes_own_is_named_but_not_shown(self, home: Home) -> None:
        ran = await home.run("auth", "status", "--provider", "anthropic", ANTHROPIC_API_KEY=KEY)
        assert ran.code == 0
        assert ran.out.startswith("◎ Anthropic: Claude Code's own login: nothing to do\n")
        assert "ANTHROPIC_API_KEY: Claude Code sends it itself" in ran.out
        assert KEY not in ran.out

    async def test_a_candela_that_runs_tells_what_it_saw(self, home: Home) -> None:
        await home.run_piped(KEY, "auth", "login", "--with-key", CANDELA_PASSPHRASE=PASSPHRASE)
        await home.run("start")
        await home.run("auth", "test")
        ran = await home.run("auth", "status", "--provider", "anthropic")
        assert "◍ Anthropic: locked\n" in ran.out
        assert "vault.json is locked" in ran.out

    async def test_a_profile_that_candela_would_not_use_does_not_count(self, home: Home) -> None:
        keys = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = a-secret-that-nobody-may-see\n"
        (home.directory / "keys").write_text(f"[work]\n{keys}")
        here = {"AWS_SHARED_CREDENTIALS_FILE": str(home.directory / "keys"), "AWS_REGION": "us-east-1"}
        asked = ("auth", "status", "--provider", "aws")
        unused, used = await home.run(*asked, **here), await home.run(*asked, **here, AWS_PROFILE="work")
        assert (unused.code, used.code) == (1, 0)
        assert unused.out.startswith("○ Amazon Bedrock: not set up\n")
        assert "○ AWS profile work (access key): access key …MPLE; not used\n" in unused.out
        assert used.out.startswith("◔ Amazon Bedrock: found, not tried\n")


class TestTest:
    async def test_with_nothing_to_try_it_says_so(self, home: Home) -> None:
        ran = await home.run("auth", "test")
        assert (ran.code, ran.out) == (1, "")
        assert "candela auth login" in ran.err

    async def test_a_cause_that_several_places_share_is_said_once(self, home: Home) -> None:
        profile = "[default]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = dev\nregion = us-east-1\n"
        session = "[sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = us-east-1\n"
        (home.directory / "aws").write_text(profile + session)
        here = {"AWS_CONFIG_FILE": str(home.directory / "aws"), "CANDELA_PROXY__DEFAULT_ROUTE": "mantle"}
        ran = await home.run("auth", "test", **here)
        assert ran.code == 1
        assert ran.out.count("has ended or never began") == 1
        assert "Amazon Bedrock (Messages):\n  ✗ the same as for Amazon Bedrock\n" in ran.out

    async def test_as_json(self, home: Home) -> None:
        here: Mapping[str, str] = {"CANDELA_PASSPHRASE": PASSPHRASE}
        await home.run_piped(KEY, "auth", "login", "--with-key", **here)
        ran = await home.run("auth", "test", "--json", **here)
        lines = json.loads(ran.out)["providers"]["anthropic"]
        assert (ran.code, {line["state"] for line in lines}) == (0, {"ok"})

    async def test_a_message_is_sent_only_if_asked_for_and_its_price_is_said_first(
        self, home: Home, provider: Provider
    ) -> None:
        here: Mapping[str, str] = {"CANDELA_PASSPHRASE": PASSPHRASE}
        await home.run_piped(KEY, "auth", "login", "--with-key", **here)
        assert "/v1/messages" not in {request.path for request in provider.requests}
        ran = await home.run("auth", "test", "--send-message", **here)
        price, answered = ran.out.splitlines()[-2:]
        assert price.startswith("  Sending one word to ")
        assert price.endswith(", $0.001 at most.")
        assert "answered a message on Anthropic" in answered
        assert provider.requests[-1].path == "/v1/messages"

    async def test_it_goes_through_the_candela_that_runs(self, home: Home) -> None:
        here: Mapping[str, str] = {"CANDELA_PASSPHRASE": PASSPHRASE}
        await home.run_piped(KEY, "auth", "login", "--with-key", **here)
        await home.run("start", **here)
        assert (await home.run("auth", "test")).code == 0
        await home.run("stop")  # After that, everything is stored.
        assert len(json.loads((await home.run("requests", "--json")).out)) == 2


class TestLogout:
    async def test_takes_the_key_away(self, home: Home) -> None:
        here: Mapping[str, str] = {"CANDELA_PASSPHRASE": PASSPHRASE}
        await home.run_piped(KEY, "auth", "login", "--with-key", **here)
        ran = await home.run("auth", "logout", **here)
        assert (ran.code, ran.err) == (0, "")
        assert "The Anthropic API key was deleted from" in ran.out
        assert kept(home) is None

    @pytest.mark.parametrize("damage", [lambda file: file.write_text("{"), Path.unlink], ids=["damaged", "deleted"])
    async def test_of_all_finds_a_key_without_the_list_of_sign_ins(
        self, home: Home, damage: Callable[[Path], object]
    ) -> None:
        here: Mapping[str, str] = {"CANDELA_PASSPHRASE": PASSPHRASE}
        await home.run_piped(KEY, "auth", "login", "--with-key", **here)
        damage(home.data / "accounts.json")
        assert "--all" in (await home.run("auth", "logout", **here)).err
        ran = await home.run("auth", "logout", "--all", **here)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.count("The Anthropic API key was deleted from") == 1
        assert kept(home) is None
        assert (await home.run_piped(KEY, "auth", "login", "--with-key", **here)).code == 0

    async def test_without_a_sign_in_it_says_so(self, home: Home) -> None:
        ran = await home.run("auth", "logout")
        assert ran.code == 1
        assert "candela is not signed in to any provider" in ran.err

    async def test_of_all_names_what_stays(self, home: Home) -> None:
        ran = await home.run("auth", "logout", "--all")
        assert ran.code == 0
        assert "candela has no Anthropic API key" in ran.out
        lines = ran.out.splitlines()
        assert sorted(set(lines)) == sorted(lines)


async def test_unlock_without_a_file_says_where_the_secrets_are(home: Home) -> None:
    ran = await home.run("auth", "unlock")
    assert ran.code == 1
    assert "There is no encrypted file" in ran.err


@pytest.mark.parametrize("arguments", ["auth --help", "auth login --help", "auth status --help"])
def test_help_imports_no_heavy_package(arguments: str, home: Home) -> None:
    assert imported_by(home, *arguments.split()) == []
