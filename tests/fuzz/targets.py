"""One function for each parser: it takes any bytes, and fails where the parser breaks a promise.

A promise is what holds for every input: which errors a parser raises, that the split into chunks does not matter, that
what is written is read as the same again, and that nothing unsafe reaches a terminal.
"""

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import msgspec
from markdown_it import MarkdownIt
from rich.cells import cell_len

from candela_tui import wire
from candela_tui.analysis.filter import parse, parse_beginning
from candela_tui.analysis.filter_fields import FilterError, Surroundings
from candela_tui.analysis.items import Items, lines_of, read_items
from candela_tui.analysis.outline import outline
from candela_tui.config import ConfigError, validated
from candela_tui.config.toml_text import NotToml
from candela_tui.config.toml_text import parse as parse_toml
from candela_tui.exchange import Exchange
from candela_tui.imports.destination import DryRun
from candela_tui.imports.importing import Import, find_sources
from candela_tui.protocol.answer_decoder import AnswerDecoder
from candela_tui.protocol.bedrock.answers import InvokeStream
from candela_tui.protocol.bedrock.errors import aws_error
from candela_tui.protocol.bedrock.event_stream import CorruptFrame, FrameDecoder
from candela_tui.protocol.claude_code.hints import hints_of
from candela_tui.protocol.claude_code.request_kinds import inferred_agent, kind_of_messages
from candela_tui.protocol.claude_code.session_clues import session_clues, title_in_answer, user_texts
from candela_tui.protocol.claude_code.user_text import first_words, one_line, pasted_words
from candela_tui.protocol.clouds.mapping import (
    MappingOptions,
    NotMappable,
    count_tokens_to_bedrock,
    count_tokens_to_vertex,
    to_bedrock,
    to_vertex,
)
from candela_tui.protocol.clouds.refusals import refused_in
from candela_tui.protocol.encoding import BadEncoding, answer_decoder_for
from candela_tui.protocol.errors import Untranslatable, error_from_body, is_messages_error, not_a_message
from candela_tui.protocol.headers import beta_flags, rate_limits, request_id
from candela_tui.protocol.json_splice import NotSpliceable, Splice
from candela_tui.protocol.message_digests import last_turn_digest
from candela_tui.protocol.model_ids import matches_model
from candela_tui.protocol.openai.errors import InvalidChat
from candela_tui.protocol.openai.request import to_messages
from candela_tui.protocol.openai.stream import ChatDocument, ChatStream
from candela_tui.protocol.parsed_request import parse_request
from candela_tui.protocol.raw_json import raw_items
from candela_tui.protocol.retry_after import retry_after
from candela_tui.protocol.sse import SSEDecoder, encoded
from candela_tui.protocol.user_agent import claude_code_version, client_of
from candela_tui.providers.identity import Dialect
from candela_tui.providers.vertex.google_errors import google_error
from candela_tui.proxy.access.guard import refusal
from candela_tui.proxy.local_api.parameters import read_query
from candela_tui.proxy.local_api.refusal import Refused
from candela_tui.proxy.local_api.routes import ROUTES
from candela_tui.redaction import REDACTED, has_secret, redact_headers, redact_text, redact_url
from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.curl import curl_command, fits_a_command
from candela_tui.reports.report import export_of, file_stem
from candela_tui.text.cells import fitted
from candela_tui.text.terminal_safe import is_terminal_safe, is_terminal_safe_lines, terminal_safe, terminal_safe_lines
from candela_tui.text.wrap import wrapped
from candela_tui.ui.widgets.text_view.spans import json_spans, text_spans
from tests.imports.written import BEGAN, PRICER
from tests.reports.exchanges import exchange

Target = Callable[[bytes], None]

_AROUND = Surroundings(datetime(2026, 11, 21, tzinfo=UTC))
_OPTIONS = MappingOptions(betas=("context-1m-2025-08-07",), names={}, own_betas={}, profile_prefix="us")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _pieces(data: bytes) -> tuple[list[bytes], bytes]:
    """Split the data behind its first byte into chunks of that size; the second value is the data as a whole."""
    size, whole = (data[0] % 32 + 1, data[1:]) if data else (1, b"")
    return [whole[at : at + size] for at in range(0, len(whole), size)], whole


def _pairs(data: bytes) -> list[tuple[str, str]]:
    """Header fields, one a line."""
    lines = (line.partition(b":") for line in data.splitlines())
    return [(name.decode("latin-1"), _text(value.strip())) for name, _, value in lines]


def _read(data: bytes) -> Any:
    """Return what Python reads in JSON, or None if it can't read it."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def sse(data: bytes) -> None:
    chunks, whole = _pieces(data)
    events = SSEDecoder().feed(whole)
    decoder = SSEDecoder()
    assert [event for chunk in chunks for event in decoder.feed(chunk)] == events
    again = SSEDecoder().feed(b"".join(map(encoded, events)))
    assert [event.data for event in again] == [event.data for event in events]


def event_stream(data: bytes) -> None:
    chunks, whole = _pieces(data)

    def frames(parts: list[bytes]) -> tuple[list[Any], bool]:
        decoder, found = FrameDecoder(), []
        for part in parts:
            try:
                found += decoder.feed(part)
            except CorruptFrame as corrupt:
                return found + corrupt.frames, True
        return found, False

    assert frames(chunks) == frames([whole])


def encoding(data: bytes) -> None:
    chunks, whole = _pieces(data)
    for coding in ("gzip", "deflate", "br", "zstd", "", "gzip, br", "rot13"):

        def decoded(parts: list[bytes], coding: str = coding) -> bytes | None:
            decoder = answer_decoder_for(coding)
            try:
                return b"".join([*map(decoder.feed, parts), decoder.finish()])
            except BadEncoding:
                return None

        assert decoded(chunks) == decoded([whole])


def answer(data: bytes) -> None:
    chunks, whole = _pieces(data)
    for status, kind in ((200, "text/event-stream"), (200, "application/json"), (529, "application/json"), (200, "")):
        decoder = AnswerDecoder(status, kind)
        for chunk in chunks:
            decoder.feed(chunk)
        decoder.finish()
        once = AnswerDecoder(status, kind)
        once.feed(whole)
        once.finish()
        assert once.fold.usage == decoder.fold.usage
        assert once.failure == decoder.failure
        msgspec.json.encode([once.fold.usage, once.fold.stop_reason])


def request(data: bytes) -> None:
    path, _, body = data.partition(b"\n")
    for dialect in Dialect:
        parsed = parse_request(dialect, "POST", _text(path), body)
        if parsed.request is not None:
            kind_of_messages(parsed.request)
            inferred_agent(parsed.request)
            session_clues(parsed.request)
            list(user_texts(parsed.request))
            last_turn_digest(parsed.request.messages)


def mapping(data: bytes) -> None:
    for function in (to_vertex, to_bedrock, count_tokens_to_vertex, count_tokens_to_bedrock):
        try:
            mapped = function(data, _OPTIONS)
        except NotMappable:
            continue
        assert _read(data) is None or isinstance(_read(mapped.body), dict)


def json_splice(data: bytes) -> None:
    try:
        splice = Splice(data)
    except NotSpliceable:
        return
    assert splice.rendered() == data
    members = [span.name for span in splice.inside(splice.root)]
    for number in range(1, len(members), 2):
        splice.remove(splice.root, number)
    document = _read(data)
    if isinstance(document, dict) and b"\\ud" not in data.lower():
        assert members == list(document)
        assert list(json.loads(splice.rendered())) == members[::2]


def chat(data: bytes) -> None:
    try:
        translated = to_messages(data, cached=True)
    except InvalidChat:
        return
    # What is not UTF-8 inside a text stays as it is, for the provider to refuse.
    assert _read(data) is None or isinstance(_read(translated.body), dict)


def chat_answer(data: bytes) -> None:
    chunks, whole = _pieces(data)
    for parts in (chunks, [whole]):
        for translation in (ChatStream([], created=1, include_usage=True), ChatDocument([], created=1)):
            try:
                for part in parts:
                    translation.feed(part)
                translation.finish()
            except Untranslatable:
                continue


def bedrock_answer(data: bytes) -> None:
    stream = InvokeStream([])
    try:
        for chunk in _pieces(data)[0]:
            stream.feed(chunk)
        stream.finish()
    except Untranslatable:
        return


def api_error(data: bytes) -> None:
    for status in (200, 302, 400, 529):
        for error in (error_from_body(status, data), not_a_message(data, status=status)):
            assert error.message
            msgspec.json.encode(error.type)
    is_messages_error(data)


def cloud_error(data: bytes) -> None:
    fields, _, body = data.partition(b"\n\n")
    pairs = _pairs(fields)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    for status in (400, 401, 403, 404, 429, 503):
        google = google_error(status, pairs, body, project="p", region="global", model="claude-opus-4-8")
        aws = aws_error(status, pairs, body, now=now, region="us-east-1", model="claude-opus-4-8")
        for error in (google, aws):
            assert error is None or error.error.message
        refused_in(error_from_body(status, body).message)


def json_text(data: bytes) -> None:
    for raw in raw_items(b"[%b]" % data):
        assert not any("\n" in line for line in outline(raw))
    items = Items()
    for _ in read_items(data, items, Items()):
        pass
    for entries in (items.messages, items.system, items.tools):
        for item in entries:
            list(lines_of(item))
    for spans in (json_spans, text_spans):
        for _ in spans(data, 20):
            pass


def config(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    try:
        document = parse_toml(text)
    except NotToml:
        document = None
    try:
        plain: dict[str, Any] | None = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        plain = None
    if document is not None:
        assert plain is None or list(plain) == list(document)
        said = ""
        try:
            validated(document, "config.toml", {})
        except ConfigError as error:
            said = str(error)
        assert is_terminal_safe_lines(said)


def filter_text(data: bytes) -> None:
    text = _text(data)
    try:
        parse(text).matches(exchange(), _AROUND)
        place = 0
    except FilterError as error:
        place = error.position
    assert 0 <= place <= len(text)
    assert text.startswith(parse_beginning(text).text)


def rule_pattern(data: bytes) -> None:
    pattern, _, model = _text(data).partition("\n")
    matches_model(pattern, model)


_EVERY_PARAMETER = [parameter for route in ROUTES for parameter in route.parameters]


def local_api(data: bytes) -> None:
    said = ""
    try:
        read_query(data.decode("latin-1"), _EVERY_PARAMETER)
    except Refused as error:
        said = str(error)
    assert is_terminal_safe(said)
    try:
        found: Exchange = wire.decode_exchange(data)
    except wire.NotUnderstood:
        return
    assert wire.decode_exchange(wire.encode(found)) == found


def guard(data: bytes) -> None:
    target, _, fields = data.partition(b"\n")
    pairs = _pairs(fields)
    why = refusal(pairs, _text(target))
    hosts = [value.strip().lower() for name, value in pairs if name.lower() == "host"]
    if why is None:
        assert len(hosts) == 1
        assert hosts[0].rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]", "") or hosts[0] == "[::1]"
        assert not {name.lower() for name, _ in pairs} & {"origin"}


def header_fields(data: bytes) -> None:
    pairs = _pairs(data)
    hints_of(pairs)
    beta_flags(pairs)
    rate_limits(pairs)
    request_id(pairs)
    client = client_of(pairs)
    claude_code_version(client)
    assert client is None or is_terminal_safe(client)
    retry_after(*(value for _, value in pairs[:2]))
    again = redact_headers(redact_headers(pairs))
    assert again == redact_headers(pairs)


def redaction(data: bytes) -> None:
    text = _text(data)
    redacted = redact_text(text)
    assert redact_text(redacted) == redacted
    assert not has_secret(redacted.replace(f"//{REDACTED}@", " "))
    redact_url(text)


def user_text(data: bytes) -> None:
    text = _text(data)
    for words in (first_words(text), pasted_words(text), one_line(text), title_in_answer(text)):
        assert words is None or "\n" not in words


def terminal(data: bytes) -> None:
    text = _text(data)
    assert is_terminal_safe(terminal_safe(text))
    assert is_terminal_safe_lines(terminal_safe_lines(text))
    assert cell_len(fitted(text, 12)) == 12
    assert all(cell_len(line) <= 12 and is_terminal_safe(line) for line in wrapped(text, 12))


_MARKDOWN = MarkdownIt("commonmark").enable("table")
_HARMLESS = frozenset(
    {
        "heading",
        "inline",
        "text",
        "em",
        "bullet_list",
        "list_item",
        "paragraph",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
)


def report(data: bytes) -> None:
    text = _text(data)
    known = exchange()
    assert known.clues is not None
    clues = replace(known.clues, title=text, cwd=text, git_branch=text)
    shown = replace(known, model=text, model_used=text, stop_reason=text, session_id=text, clues=clues, client=text)
    shown = replace(shown, method="POST", path=f"/v1/{text}", url=f"https://api.anthropic.com/v1/{text}")
    shown = replace(shown, request_headers=(("x-any", text),))
    for one in REPORTS.values():
        b"".join(one.pieces(export_of([shown])))
    tokens = _MARKDOWN.parse(b"".join(REPORTS["md"].pieces(export_of([shown]))).decode())
    every = [each for token in tokens for each in (token, *(token.children or ()))]
    kinds = {token.type.removesuffix("_open").removesuffix("_close") for token in every}
    assert kinds <= _HARMLESS, kinds - _HARMLESS
    stem = file_stem(text)
    assert "/" not in stem
    assert "\0" not in stem
    assert is_terminal_safe_lines(curl_command(shown, data if fits_a_command(data) else None))


def transcript(data: bytes) -> None:
    _imported(data, ".jsonl")


def har(data: bytes) -> None:
    _imported(data, ".har")


def _imported(data: bytes, suffix: str) -> None:
    """Import a file: what can't be read is named, and nothing is raised."""
    with NamedTemporaryFile(suffix=suffix) as file:
        file.write(data)
        file.flush()
        result = Import(DryRun(), [], PRICER, now=BEGAN + timedelta(days=1)).run(find_sources([Path(file.name)]))
    assert all(line.why for line in result.bad_lines)
    assert result.bad <= data.count(b"\n") + 1 or suffix == ".har"


TARGETS: dict[str, Target] = {
    function.__name__: function
    for function in (
        *(sse, event_stream, encoding, answer, request, mapping, json_splice, chat, chat_answer, bedrock_answer),
        *(
            api_error,
            cloud_error,
            json_text,
            config,
            filter_text,
            rule_pattern,
            local_api,
            guard,
            header_fields,
            redaction,
        ),
        *(user_text, terminal, report, transcript, har),
    )
}
