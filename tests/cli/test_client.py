"""``candela claude`` and ``candela exec``: the program runs as if the user had started it."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.command import PATIENCE_S, Home

SAY_ARGUMENTS = 'for word in "$@"; do printf "<%s>" "$word"; done'


@pytest.fixture
async def running(home: Home) -> Home:
    """A home where a background candela runs."""
    assert (await home.run("start")).code == 0
    return home


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["--version"],
        ["-p", "say hi", "--output-format", "json"],
        ["--", "-x"],
        ["--config", "x", "--data-dir", "y"],
        ["mcp", "add", "--", "npx", "--yes"],
        ["a b", "", "*", "$HOME"],
        ["-p", "--route", "vertex"],
        ["--", "--native"],
        ["--routes", "--native=1"],
    ],
)
async def test_claude_gets_every_argument_as_it_came(words: list[str], running: Home) -> None:
    running.with_programs(claude=SAY_ARGUMENTS)
    result = await running.run("claude", *words)
    assert result.out == "".join(f"<{word}>" for word in words)
    assert result.code == 0


async def test_claude_is_pointed_at_the_proxy(running: Home) -> None:
    running.with_programs(claude='echo "$ANTHROPIC_BASE_URL $ENABLE_TOOL_SEARCH"')
    assert (await running.run("claude")).out == f"http://127.0.0.1:{running.port}/proxy/anthropic-direct true\n"


@pytest.mark.parametrize("option", [("--route", "vertex"), ("--route=vertex",)])
async def test_the_way_is_chosen_before_the_programs_own_words(option: tuple[str, ...], running: Home) -> None:
    running.with_programs(claude=f'echo "$ANTHROPIC_BASE_URL $ANTHROPIC_AUTH_TOKEN"; {SAY_ARGUMENTS}')
    wanted = f"http://127.0.0.1:{running.port}/proxy/anthropic-vertex candela\n<--route><x>"
    assert (await running.run("claude", *option, "--route", "x")).code == 2
    assert (await running.run("claude", *option, "--", "--route")).out.endswith("<--><--route>")
    assert (await running.run("exec", *option, "--", "claude", "--route", "x")).out == wanted


async def test_a_native_way_is_the_clouds_own_protocol(running: Home) -> None:
    running.with_programs(claude='echo "$CLAUDE_CODE_USE_VERTEX $ANTHROPIC_VERTEX_BASE_URL <$CLAUDE_CODE_USE_BEDROCK>"')
    chosen = {"CANDELA_VERTEX__PROJECT": "my-project", "CLAUDE_CODE_USE_BEDROCK": "1"}
    result = await running.run("claude", "--native", "--route", "vertex", **chosen)
    assert result.out == f"1 http://127.0.0.1:{running.port}/vertex/v1 <>\n"
    assert result.err == (
        "candela: removed CLAUDE_CODE_USE_BEDROCK, which could make Claude Code bypass candela. The route is vertex.\n"
    )


async def test_a_switch_that_would_lead_past_the_proxy_is_left_out_and_told_of(running: Home) -> None:
    running.with_programs(claude='echo "<$CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD>"')
    result = await running.run("claude", CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD="1")
    assert result.out == "<>\n"
    assert "removed CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD" in result.err
    assert "--route bedrock" in result.err


@pytest.mark.parametrize("file", [".claude/settings.json", ".claude/settings.local.json"])
async def test_settings_of_claude_code_that_lead_past_the_proxy_are_told_of(file: str, running: Home) -> None:
    running.with_programs(claude="echo started")
    settings = running.directory / file
    settings.parent.mkdir()
    settings.write_text('{"env": {"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_BASE_URL": "http://there", "OTHER": "x"}}')
    result = await running.run("claude")
    assert result.out == "started\n"
    assert [line.split(",")[0] for line in result.err.splitlines()] == [
        f"candela: {settings} sets CLAUDE_CODE_USE_BEDROCK",
        f"candela: {settings} sets ANTHROPIC_BASE_URL",
    ]


@pytest.mark.parametrize("text", ['{"env": {"CLAUDE_CODE_USE_BEDROCK": "", "OTHER": "x"}}', '{"env": []}', "[]", "{"])
async def test_settings_of_claude_code_that_lead_nowhere_else_are_left_alone(text: str, running: Home) -> None:
    running.with_programs(claude="echo started")
    settings = running.directory / ".claude/settings.json"
    settings.parent.mkdir()
    settings.write_text(text)
    result = await running.run("claude")
    assert (result.out, result.err) == ("started\n", "")


async def test_the_exit_code_is_the_programs(running: Home) -> None:
    assert (await running.run("exec", "--", "sh", "-c", "exit 7")).code == 7
    assert (await running.run("exec", "sh", "-c", "exit 0")).code == 0


async def test_a_signal_reaches_the_program_and_its_end_is_the_commands(running: Home) -> None:
    ready = running.directory / "ready"
    os.mkfifo(ready)
    process = await running.start(
        "exec", "--", "sh", "-c", f"trap 'exit 42' TERM; : > {ready}; while :; do sleep 1; done"
    )
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.to_thread(ready.read_bytes)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 42


@pytest.mark.parametrize("name", ["PIPE", "XFSZ", "INT", "TERM", "HUP"])
async def test_no_signal_is_ignored_that_the_user_did_not_ignore(name: str, running: Home) -> None:
    result = await running.run("exec", "--", "sh", "-c", f"kill -{name} $$; echo ignored")
    assert (result.code, result.out) == (-signal.Signals[f"SIG{name}"], "")


async def test_the_program_takes_the_place_of_the_command(running: Home) -> None:
    process = await running.start("exec", "--", "sh", "-c", "echo $$")
    out, _ = await process.communicate()
    assert int(out) == process.pid


@pytest.mark.parametrize("command", [("claude",), ("exec", "claude")], ids=" ".join)
async def test_the_passphrase_of_candelas_secrets_is_not_handed_on(command: tuple[str, ...], running: Home) -> None:
    running.with_programs(claude='echo "<$CANDELA_PASSPHRASE>"')
    assert (await running.run(*command, CANDELA_PASSPHRASE="correct horse")).out == "<>\n"


@pytest.mark.parametrize("command", [("claude",), ("exec", "claude")], ids=" ".join)
async def test_python_and_path_of_a_program_are_not_candelas_where_uv_runs_candela(
    command: tuple[str, ...], running: Home
) -> None:
    own = Path(sys.prefix) / "bin"
    running.environment["PATH"] = os.pathsep.join(
        place for place in running.environment["PATH"].split(os.pathsep) if Path(place) != own
    )
    running.with_programs(claude='echo "$PATH <$VIRTUAL_ENV> <$UV>"')
    before = running.environment["PATH"]
    result = await running.run(
        *command,
        PATH=f"{own}{os.pathsep}{before}",
        VIRTUAL_ENV=sys.prefix,
        UV="/usr/bin/uv",
        UV_RUN_RECURSION_DEPTH="1",
    )
    assert result.out == f"{before} <> <>\n"


async def test_a_program_that_only_candelas_environment_has_is_missing_where_uv_runs_candela(home: Home) -> None:
    own = Path(sys.prefix) / "bin"
    by_uv = {"PATH": f"{own}:/nowhere", "VIRTUAL_ENV": sys.prefix, "UV": "/usr/bin/uv", "UV_RUN_RECURSION_DEPTH": "1"}
    result = await home.run("exec", "candela", "--version", **by_uv)
    assert (result.code, result.err) == (1, "Error: candela: no such command on PATH\n")
    assert not home.data.exists()


async def test_a_background_candela_is_started_where_none_runs_and_stays(home: Home) -> None:
    home.with_programs(claude="echo ran")
    result = await home.run("claude")
    assert result.out == "ran\n"
    assert result.err == (
        f"candela: started in the background on port {home.port}. See it with `candela attach`, stop it with "
        "`candela stop`.\n"
    )
    assert (await home.run("claude")).err == ""
    status = json.loads((await home.run("status", "--json")).out)
    assert (status["running"], status["background"], status["port"]) == (True, True, home.port)


async def test_a_candela_that_runs_is_used(running: Home) -> None:
    before = json.loads((await running.run("status", "--json")).out)
    await running.run("exec", "--", "true")
    assert json.loads((await running.run("status", "--json")).out) == before


async def test_a_missing_claude_says_how_to_get_it_and_starts_nothing(home: Home) -> None:
    home.environment["PATH"] = str(home.directory)
    result = await home.run("claude", "-p", "hi")
    assert result.code == 1
    assert "npm install -g @anthropic-ai/claude-code" in result.err
    assert not home.data.exists()


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--route", "vertex", "--help"]])
async def test_without_claude_the_help_is_candelas(words: list[str], home: Home) -> None:
    home.environment["PATH"] = str(home.directory)
    result = await home.run("claude", *words)
    assert (result.code, result.err) == (0, "")
    assert "Run Claude Code through candela" in result.out
    assert "--route" in result.out
    assert not home.data.exists()


async def test_a_missing_program_is_named_and_starts_nothing(home: Home) -> None:
    result = await home.run("exec", "--", "nosuchprogram", "--help")
    assert result.code == 1
    assert "nosuchprogram" in result.err
    assert not home.data.exists()


async def test_exec_without_a_program_is_a_mistake_of_usage_and_has_help(home: Home) -> None:
    assert (await home.run("exec")).code == 2
    assert (await home.run("exec", "--")).code == 2
    helped = await home.run("exec", "--help")
    assert helped.code == 0
    assert "candela exec" in helped.out
    assert "--route" in helped.out


async def test_a_port_that_another_program_has_is_explained(home: Home) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", home.port)
    async with server:
        result = await home.run("exec", "--", "true")
    assert result.code == 1
    assert f"Port {home.port}" in result.err
    assert "candela config set proxy.port" in result.err


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="takes another user's place, and reads /proc")
async def test_a_candela_of_another_user_gets_no_credentials(home: Home) -> None:
    async def pretend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps({"name": "candela", "pid": 1, "version": "0.1.0", "data_dir": "/", "started_at": ""}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()

    os.seteuid(65534)
    try:
        server = await asyncio.start_server(pretend, "127.0.0.1", home.port)
    finally:
        os.seteuid(0)
    async with server:
        refused = await home.run("exec", "--", "echo", "ran")
        shared = await home.run("exec", "--", "echo", "ran", CANDELA_PROXY__ALLOW="any-local")
    assert (refused.code, refused.out) == (1, "")
    assert "another user of this machine (uid 65534)" in refused.err
    assert shared.out == "ran\n"


SAY_TELEMETRY = 'env | grep -E "^(OTEL_|CLAUDE_CODE_(ENABLE_TELEMETRY|ENHANCED|PROPAGATE))" | sort'
COLLECTOR = {"CANDELA_TELEMETRY__OTLP_ENDPOINT": "http://collector.example:4318"}


async def test_without_a_collector_the_clients_telemetry_is_left_alone(running: Home) -> None:
    running.with_programs(claude=SAY_TELEMETRY)
    assert (await running.run("claude", OTEL_METRICS_EXPORTER="console")).out == "OTEL_METRICS_EXPORTER=console\n"


async def test_with_a_collector_the_client_traces_and_sends_its_telemetry_to_candela(running: Home) -> None:
    running.with_programs(claude=SAY_TELEMETRY)
    result = await running.run("claude", **COLLECTOR, OTEL_EXPORTER_OTLP_HEADERS="x-key=secret")
    assert result.out.splitlines() == [
        "CLAUDE_CODE_ENABLE_TELEMETRY=1",
        "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA=1",
        "CLAUDE_CODE_PROPAGATE_TRACEPARENT=1",
        f"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{running.port}/_local/otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL=http/json",
        "OTEL_LOGS_EXPORTER=otlp",
        "OTEL_METRICS_EXPORTER=otlp",
        "OTEL_TRACES_EXPORTER=otlp",
    ]
    assert "through candela to collector.example:4318" in result.err


async def test_a_client_with_a_collector_of_its_own_keeps_it(running: Home) -> None:
    running.with_programs(claude=SAY_TELEMETRY)
    own = {"CLAUDE_CODE_ENABLE_TELEMETRY": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://own.example"}
    assert (await running.run("claude", **COLLECTOR, **own)).out.splitlines() == [
        "CLAUDE_CODE_ENABLE_TELEMETRY=1",
        "CLAUDE_CODE_PROPAGATE_TRACEPARENT=1",
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://own.example",
    ]


async def test_a_client_whose_settings_file_names_a_collector_keeps_it(running: Home) -> None:
    running.with_programs(claude=SAY_TELEMETRY)
    file = running.directory / ".claude" / "settings.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text('{"env": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://own.example"}}')
    assert (await running.run("claude", **COLLECTOR)).out == "CLAUDE_CODE_PROPAGATE_TRACEPARENT=1\n"
