"""A link lets one browser in, once; its cookie does for a week."""

from http.cookies import SimpleCookie

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.proxy.browser.access import LINK_S, Access

WEEK_S = 7 * 24 * 3600


class Candela:
    """A candela with a token and a clock."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.token: str | None = "t" * 43
        self.access = self.restarted()

    def restarted(self, port: int = 8181) -> Access:
        return Access(lambda: self.token, port, lambda: self.now)


def cookie_of(access: Access) -> str:
    """What the browser sends after it was let in."""
    return access.cookie().partition(";")[0]


def test_a_link_works_once() -> None:
    access = Candela().access
    first, second = access.new_link(), access.new_link()
    assert first != second
    assert access.redeem(first)
    assert not access.redeem(first)
    assert access.redeem(second)
    assert not access.redeem("")


def test_a_link_ages() -> None:
    candela = Candela()
    link, later = candela.access.new_link(), candela.access.new_link()
    candela.now += LINK_S - 1
    assert candela.access.redeem(link)
    candela.now += 1
    assert not candela.access.redeem(later)


def test_links_that_nobody_opens_do_not_pile_up() -> None:
    access = Candela().access
    links = [access.new_link() for _ in range(1000)]
    assert sum(map(access.redeem, links)) == 100
    assert not access.redeem(links[0])


def test_a_cookie_is_for_no_script_and_for_no_request_of_another_site() -> None:
    [cookie] = SimpleCookie(Candela().access.cookie()).values()
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/_local/"
    assert cookie["max-age"] == str(WEEK_S)
    assert cookie["domain"] == ""


def test_a_cookie_outlives_a_restart_and_ends_after_a_week_or_with_the_token() -> None:
    candela = Candela()
    cookie = cookie_of(candela.access)
    assert candela.restarted().admits(f"other=1; {cookie}")
    candela.token = "u" * 43
    assert not candela.restarted().admits(cookie)
    candela.token = None
    assert not candela.restarted().admits(cookie)
    candela.token = "t" * 43
    candela.now += WEEK_S
    assert not candela.access.admits(cookie)


def test_a_cookie_of_another_port_or_with_another_end_lets_nobody_in() -> None:
    candela = Candela()
    name, _, value = cookie_of(candela.access).partition("=")
    assert not candela.restarted(8182).admits(f"{name}={value}")
    until, _, signature = value.partition(".")
    assert candela.access.admits(f"{name}={until}.{signature}")
    assert not candela.access.admits(f"{name}={int(until) + 1}.{signature}")
    assert not candela.access.admits(f"{name}={until}.{signature[:-1]}")


@given(st.text() | st.text().map(lambda text: f"candela-8181={text}"))
def test_no_other_text_lets_anybody_in(cookies: str) -> None:
    assert not Candela().access.admits(cookies)
    assert not Candela().access.redeem(cookies)
