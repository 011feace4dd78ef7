"""``candela people``: who is signed in, and signing them out."""

import json
from datetime import timedelta

from candela_tui.database_url import DatabaseUrl
from candela_tui.keys.person import OF_CLIENT, OF_DASHBOARD, Person
from candela_tui.keys.session_store import SessionStore
from tests.cli.command import Home
from tests.keys.people import ADA, PEPPER, anyone, people_database, store_url


async def test_people_are_listed_and_signed_out(home: Home, either: DatabaseUrl | None) -> None:
    if either is not None:
        home.environment["CANDELA_STORE__URL"] = store_url(either)
    assert (await home.run("people", "list")).err == "Nobody is signed in.\n"
    home.data.mkdir(mode=0o700, exist_ok=True)
    store = SessionStore(people_database(either, home.data), lambda: PEPPER)
    grace = Person("2", "grace@example.com", None)
    begun = ((ADA, OF_CLIENT), (grace, OF_CLIENT), (ADA, OF_DASHBOARD))
    tokens = [store.begin(person, timedelta(hours=12), kind) for person, kind in begun]

    listed = json.loads((await home.run("people", "list", "--json")).out)
    table = (await home.run("people", "list")).out.splitlines()
    ended = await home.run("people", "logout", "ada@example.com")
    again = await home.run("people", "logout", "ada@example.com")

    assert [(each["email"], each["team"]) for each in listed] == [
        ("ada@example.com", "platform"),
        ("ada@example.com", "platform"),
        ("grace@example.com", None),
    ]
    assert len(table) == 4
    assert sorted("dashboard" in line for line in table[1:3]) == [False, True]
    assert [line for line in table[1:] if "dashboard" not in line and "Claude Code" not in line] == []
    assert (ended.code, ended.out) == (0, "ada@example.com is signed out (2 sign-ins).\n")
    assert (again.code, "ada@example.com is not signed in" in again.err) == (1, True)
    assert [store.refresh(each.refresh, anyone) is None for each in tokens] == [True, False, True]
    [entry] = json.loads((await home.run("audit", "--json")).out)
    assert (entry["via"], entry["action"], entry["subject"]) == ("command", "session.end", "ada@example.com")
    assert entry["before"] == {"sign_ins": 2}
