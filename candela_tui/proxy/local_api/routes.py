"""The table of the local API's routes: each with its handler and all that the OpenAPI document says of it."""

from typing import Final

from candela_tui import wire
from candela_tui.api_root import API_ROOT, TRACES_PATH
from candela_tui.feed import Notice
from candela_tui.providers.identity import RouteName
from candela_tui.proxy.local_api import (
    budgets,
    intercepting,
    openapi_page,
    provider_credentials,
    recorded,
    replaying,
    running,
)
from candela_tui.proxy.local_api.parameters import Parameter, choice, moment, whole_number
from candela_tui.proxy.local_api.record_types import RequestDetails, RequestRecord, SessionRecord
from candela_tui.proxy.local_api.route import BYTES, EVENTS, LINES, Answer, Audience, Route
from candela_tui.proxy.local_api.traces import RANGES, Traces
from candela_tui.rules.budgets.state import BudgetState, Override

_LIST: Final = (
    Parameter("session", "only requests of this session; empty for requests without one"),
    moment("since", "only requests that began at this time or later"),
    Parameter("before", "only requests that began before the one with this id"),
    whole_number("limit", "at most this many, the newest ones", least=1),
)
_AFTER: Final = (whole_number("after", "without this many of the first chunks", least=0),)
_REPLAY: Final = (
    Parameter("model", "another model to send it to"),
    choice("route", "another route to send it on", {route.value: route for route in RouteName}),
)
_UNRECORDED: Final = {404: "the request, or this part of it, is not recorded"}
_SHARED_EVENTS: Final = {
    wire.SNAPSHOT: wire.Snapshot,
    wire.NOTICE: Notice,
    wire.CREDENTIALS: wire.Credentials,
    wire.MISSED: wire.Done,
    wire.REMOVED: wire.Gone,
}

ROUTES: Final = (
    Route(
        "GET",
        API_ROOT,
        "Show the running candela, and where its requests go.",
        running.show_candela,
        Answer("the running candela", wire.About),
    ),
    Route(
        "GET",
        f"{API_ROOT}/openapi.json",
        "Describe this API as an OpenAPI document.",
        openapi_page.show_openapi,
        Answer("the OpenAPI document"),
    ),
    Route(
        "GET",
        f"{API_ROOT}/sessions",
        "List the sessions with their totals, the most recently active first.",
        recorded.list_sessions,
        Answer("the sessions", list[SessionRecord]),
        parameters=(moment("since", "counts only requests that began at this time or later"),),
    ),
    Route(
        "GET",
        f"{API_ROOT}/requests",
        "List the requests, newest first.",
        recorded.list_requests,
        Answer("one request on each line", RequestRecord, LINES),
        parameters=_LIST,
    ),
    Route(
        "GET",
        f"{API_ROOT}/requests/{{id}}",
        "Show one request with its details and header fields.",
        recorded.show_request,
        Answer("the request", RequestDetails),
        refusals=_UNRECORDED,
    ),
    Route(
        "GET",
        f"{API_ROOT}/requests/{{id}}/request",
        "Send the request's body as it was transferred.",
        recorded.show_request_body,
        Answer("the body", media_type=BYTES),
        refusals=_UNRECORDED,
    ),
    Route(
        "GET",
        f"{API_ROOT}/requests/{{id}}/response",
        "Send the response's body as it was transferred, so far.",
        recorded.show_response_body,
        Answer("the body", media_type=BYTES),
        refusals=_UNRECORDED,
    ),
    Route(
        "GET",
        f"{API_ROOT}/requests/{{id}}/chunks",
        "List the chunks of the response so far, and when each arrived.",
        recorded.list_chunks,
        Answer("one chunk on each line", wire.Chunk, LINES),
        parameters=_AFTER,
        refusals=_UNRECORDED,
    ),
    Route(
        "GET",
        f"{API_ROOT}/requests/{{id}}/provider/request",
        "Send the body that went to the provider, if candela mapped the request.",
        recorded.show_provider_request_body,
        Answer("the body", media_type=BYTES),
        refusals=_UNRECORDED,
    ),
    Route(
        "GET",
        f"{API_ROOT}/requests/{{id}}/provider/response",
        "Send the body that came from the provider so far, if candela mapped the request.",
        recorded.show_provider_response_body,
        Answer("the body", media_type=BYTES),
        refusals=_UNRECORDED,
    ),
    Route(
        "GET",
        f"{API_ROOT}/requests/{{id}}/provider/chunks",
        "List the chunks that came from the provider so far; none if candela did not map the answer.",
        recorded.list_provider_chunks,
        Answer("one chunk on each line", wire.Chunk, LINES),
        parameters=_AFTER,
        refusals=_UNRECORDED,
    ),
    Route(
        "GET",
        f"{API_ROOT}/requests/{{id}}/replay",
        "Estimate what sending the request again will cost.",
        replaying.offer_replay,
        Answer("a range in USD", wire.ReplayOffer),
        parameters=_REPLAY,
        refusals={400: "it can't be sent again", **_UNRECORDED},
    ),
    Route(
        "POST",
        f"{API_ROOT}/requests/{{id}}/replay",
        "Send the request again.",
        replaying.replay,
        Answer("the id of the new request", wire.Sent),
        parameters=_REPLAY,
        refusals={400: "it can't be sent again", **_UNRECORDED},
    ),
    Route(
        "GET",
        f"{API_ROOT}/credentials",
        "List the state of each provider's credentials, as far as they were used, and which are locked.",
        provider_credentials.list_credentials,
        Answer("the states", list[wire.Credentials]),
    ),
    Route(
        "GET",
        f"{API_ROOT}/refusals",
        "List the flags and fields that models refused and that candela leaves out for now.",
        running.list_refusals,
        Answer("what was refused", list[wire.Refusal]),
    ),
    Route(
        "DELETE",
        f"{API_ROOT}/refusals",
        "Forget what models refused.",
        running.forget_refusals,
        Answer("how many were forgotten", wire.Forgotten),
        parameters=(Parameter("model", "only those of this model"),),
    ),
    Route(
        "GET",
        f"{API_ROOT}/budgets",
        "List the budgets, one entry for each of their targets, the fullest first.",
        budgets.list_budgets,
        Answer("the budgets", list[BudgetState]),
    ),
    Route(
        "POST",
        f"{API_ROOT}/budgets/{{name}}/override",
        "Let requests pass a budget for a time.",
        budgets.override_budget,
        Answer("the override", Override),
        body=budgets.WANTED_OVERRIDE,
        refusals={404: "there is no budget of this name"},
    ),
    Route(
        "DELETE",
        f"{API_ROOT}/budgets/{{name}}/override",
        "End the override of a budget.",
        budgets.end_override,
        Answer("whether there was one", budgets.Ended),
        refusals={404: "there is no budget of this name"},
    ),
    Route(
        "GET",
        f"{API_ROOT}/events",
        "Follow the requests: a stream of events as they begin, grow and end.",
        recorded.follow_requests,
        Answer("server-sent events", media_type=EVENTS, events={**_SHARED_EVENTS, wire.REQUEST: RequestRecord}),
    ),
    Route(
        "GET",
        f"{API_ROOT}/intercept",
        "Show the filters that hold requests, and the ids of those that are held.",
        intercepting.show_intercepts,
        Answer("the filters and ids", wire.InterceptState),
    ),
    Route(
        "POST",
        f"{API_ROOT}/intercept",
        "Hold what a filter matches, for as long as the connection lasts.",
        intercepting.intercept,
        Answer("server-sent events", media_type=EVENTS, events={wire.INTERCEPT: wire.InterceptState}),
        body=intercepting.INTERCEPT,
    ),
    Route(
        "POST",
        f"{API_ROOT}/held/{{id}}",
        "Let a held request go, with another body or as it is.",
        intercepting.release,
        Answer("whether its body was changed", wire.Released),
        body=intercepting.EDITED,
        refusals={404: "no request of this id is held", 413: "the body is larger than candela takes"},
    ),
    Route(
        "GET",
        f"{API_ROOT}/rules",
        "Show the config.toml whose rules are followed, and what is wrong with it.",
        running.show_rules,
        Answer("the file and its trouble", wire.RulesState),
        refusals={404: "no config.toml is followed"},
    ),
    Route(
        "POST",
        f"{API_ROOT}/rules",
        "Read the rules of the config.toml again.",
        running.read_rules,
        Answer("the file and its trouble", wire.RulesState),
        refusals={404: "no config.toml is followed"},
    ),
    Route(
        "POST",
        f"{API_ROOT}/notices",
        "Show a notice in the dashboard and the log.",
        running.post_notice,
        Answer("nothing", wire.Done),
        body=running.NOTICE,
    ),
    Route(
        "POST",
        f"{API_ROOT}/page-links",
        "Make a link that opens the dashboard in a browser, once.",
        running.make_page_link,
        Answer("the link", wire.PageLink),
        refusals={404: "this candela has no dashboard for browsers"},
    ),
    Route(
        "POST",
        f"{API_ROOT}/unlock",
        "Give the passphrase of the encrypted file of secrets.",
        provider_credentials.unlock_secrets,
        Answer("nothing", wire.Done),
        body=provider_credentials.PASSPHRASE,
        refusals={403: "it is not the passphrase"},
    ),
    Route(
        "GET",
        TRACES_PATH,
        "List the newest requests for a message in the form of the original candela.",
        recorded.list_traces,
        Answer("the requests", Traces),
        parameters=(
            whole_number("limit", "at most this many; 500 without it, and 2,000 at most", least=1),
            choice("range", "how far back: 7d without it", RANGES),
        ),
    ),
    Route(
        "GET",
        f"{API_ROOT}/{wire.SNAPSHOTS}",
        "List requests in candela's internal form, newest first.",
        recorded.list_snapshots,
        Answer("one request on each line", media_type=LINES),
        parameters=_LIST,
        audience=Audience.CANDELA,
    ),
    Route(
        "GET",
        f"{API_ROOT}/{wire.SNAPSHOTS}/events",
        "Follow the requests in candela's internal form.",
        recorded.follow_snapshots,
        Answer("server-sent events", media_type=EVENTS, events={**_SHARED_EVENTS, wire.EXCHANGE: None}),
        audience=Audience.CANDELA,
    ),
    Route(
        "GET",
        f"{API_ROOT}/{wire.SNAPSHOTS}/{{id}}",
        "Show one request in candela's internal form.",
        recorded.show_snapshot,
        Answer("the request"),
        refusals=_UNRECORDED,
        audience=Audience.CANDELA,
    ),
)
"""A path before another one of the same form is found first."""
