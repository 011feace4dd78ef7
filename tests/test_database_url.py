import pytest

from candela_tui.database_url import DatabaseUrl, database_url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://db.example.com/candela", DatabaseUrl("db.example.com", "candela")),
        ("postgres://u%40x@[::1]:6543/a%20b", DatabaseUrl("::1", "a b", 6543, "u@x")),
        ("postgresql:///candela?host=/run/postgresql", DatabaseUrl("/run/postgresql", "candela")),
        (
            "postgresql://db/candela?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            DatabaseUrl("db", "candela", ssl_mode="verify-full", ssl_root="/etc/ca.pem"),
        ),
    ],
)
def test_a_url_names_host_port_user_and_database(text: str, expected: DatabaseUrl) -> None:
    assert database_url(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mysql://db/candela", "the URL of a PostgreSQL database"),
        ("postgresql://db", "the URL of a PostgreSQL database"),
        ("postgresql:///candela", "the URL of a PostgreSQL database"),
        ("postgresql://db:port/candela", "the URL of a PostgreSQL database"),
        ("postgresql://db/candela?sslmode=allow", "one of disable, prefer"),
        ("postgresql://db/candela?target=any", "not target"),
    ],
)
def test_another_url_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        database_url(text)


@pytest.mark.parametrize("text", ["postgresql://u:hunter2@db/candela", "postgresql://db/candela?password=hunter2"])
def test_a_password_in_a_url_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="without a password") as caught:
        database_url(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (DatabaseUrl("db", "candela", user="someone"), "postgresql://db/candela"),
        (DatabaseUrl("::1", "candela", 6543), "postgresql://[::1]:6543/candela"),
        (DatabaseUrl("/run/postgresql", "candela"), "postgresql:///candela?host=/run/postgresql"),
    ],
)
def test_messages_name_a_database_without_its_user(url: DatabaseUrl, words: str) -> None:
    assert str(url) == words
