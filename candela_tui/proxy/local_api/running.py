"""Handlers for the running candela itself: what it is, what it learned and follows, notices, and its page."""

from aiohttp import web

from candela_tui import wire
from candela_tui.audit.actor import own_user
from candela_tui.proxy.local_api.refusal import Refused
from candela_tui.proxy.local_api.route import Body, Call, document
from candela_tui.rules.rules_file import RulesFile
from candela_tui.team.roles import Reach, Role
from candela_tui.text.terminal_safe import terminal_safe

NOTICE = Body(wire.PostedNotice, 'a notice as {"text": "…"}', most_bytes=4_000)


async def show_candela(call: Call) -> web.StreamResponse:
    """Answer with what this candela is, and where its requests go."""
    return document(wire.encode(call.services.about()))


async def show_me(call: Call) -> web.StreamResponse:
    """Answer with who asks, and what they may see."""
    sight = call.services.sight
    if sight is None:
        return document(wire.encode(wire.Me(own_user(), None, (), Reach.ALL)))
    viewer = sight.viewer
    roles = tuple(role for role in Role if role in viewer.roles)
    return document(wire.encode(wire.Me(viewer.name, viewer.team, roles, viewer.reach)))


async def list_refusals(call: Call) -> web.StreamResponse:
    """Answer with the flags and fields that models refused."""
    return document(wire.encode([wire.Refusal.of(each) for each in call.services.refusals.remembered()]))


async def forget_refusals(call: Call) -> web.StreamResponse:
    """Forget what models refused."""
    return document(wire.encode(wire.Forgotten(call.services.refusals.forget(call.query.get("model")))))


async def show_rules(call: Call) -> web.StreamResponse:
    """Answer with the file whose rules are followed."""
    return _state_of(_followed(call))


async def read_rules(call: Call) -> web.StreamResponse:
    """Read the rules again."""
    rules = _followed(call)
    await rules.read_again()
    return _state_of(rules)


async def post_notice(call: Call) -> web.StreamResponse:
    """Show a notice in every dashboard of this candela, and log it."""
    call.services.whole_feed.notify(terminal_safe(call.message.text))
    return document(wire.encode(wire.Done()))


async def make_page_link(call: Call) -> web.StreamResponse:
    """Make a link that opens the dashboard in a browser."""
    path = call.services.new_page_link()
    if path is None:
        raise Refused(404, "this candela has no dashboard for browsers")
    return document(wire.encode(wire.PageLink(path)))


def _followed(call: Call) -> RulesFile:
    rules = call.services.rules()
    if rules is None:
        raise Refused(404, "this candela does not follow the rules of a config.toml")
    return rules


def _state_of(rules: RulesFile) -> web.Response:
    return document(wire.encode(wire.RulesState(str(rules.path), rules.trouble)))
