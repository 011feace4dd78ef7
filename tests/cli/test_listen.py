"""[proxy] listen: candela lets other machines in only where there are keys for them."""

from pathlib import Path

import pytest

from tests.cli.command import Home
from tests.keys.test_keys_file import TEXT
from tests.proxy.test_server_certificate import write


async def refusal(home: Home, **environment: str) -> str:
    ran = await home.run("serve", CANDELA_PROXY__LISTEN="0.0.0.0", **environment)
    assert (ran.code, ran.out) == (1, "")
    return ran.err


async def test_without_a_key_candela_does_not_listen_for_others(home: Home) -> None:
    assert await refusal(home) == (
        "Error: candela does not start: [proxy] listen is 0.0.0.0, where others can reach it, and there is no key that"
        " it could ask them for.\nMake one with `candela keys create --name NAME`, or name a file of keys in [proxy]"
        " keys_file.\n"
    )


async def test_nor_with_one_that_is_not_accepted(home: Home) -> None:
    await home.run("keys", "create", "--name", "ci")
    await home.run("keys", "disable", "ci")

    assert "there is no key" in await refusal(home)


async def test_nor_with_a_file_that_everyone_can_read(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(f'[[keys]]\nname = "ci"\nkey = "{TEXT}"\n')
    file.chmod(0o644)

    said = await refusal(home, CANDELA_PROXY__KEYS_FILE=str(file))

    assert said.endswith(f"its keys can't be read.\n{file} can be read or written by every user: `chmod o= {file}`\n")
    assert TEXT not in said


@pytest.mark.parametrize("listen", ["candela.example", "0.0.0.0:8181", "*"])
async def test_what_is_no_address_is_a_mistake_in_the_settings(home: Home, listen: str) -> None:
    ran = await home.run("config", "check", CANDELA_PROXY__LISTEN=listen)

    assert ran.code == 1
    assert "expected an IP address of this machine, such as 0.0.0.0 for all of them" in ran.err + ran.out


async def test_nor_with_a_certificate_that_can_not_be_used(home: Home, tmp_path: Path) -> None:
    await home.run("keys", "create", "--name", "ci")
    cert, key = write(tmp_path)
    key.chmod(0o644)

    said = await refusal(home, CANDELA_PROXY__TLS_CERT=str(cert), CANDELA_PROXY__TLS_KEY=str(key))

    assert said == (
        f"Error: candela does not start without its certificate.\nproxy.tls_key: {key} can be read or written by every"
        f" user: `chmod o= {key}`\n"
    )


async def test_its_two_files_can_be_set_one_after_the_other(home: Home, tmp_path: Path) -> None:
    cert, key = write(tmp_path)

    first = await home.run("config", "set", "proxy.tls_cert", str(cert))
    alone = await home.run("config", "check")
    second = await home.run("config", "set", "proxy.tls_key", str(key))

    warning = "proxy.tls_cert: candela does not start with it alone: set proxy.tls_key, too"
    assert (first.code, alone.code, second.code, second.err) == (0, 0, 0, "")
    assert warning in first.err
    assert warning in alone.err


async def test_config_check_finds_such_a_certificate(home: Home, tmp_path: Path) -> None:
    missing = str(tmp_path / "cert.pem")
    ran = await home.run("config", "check", CANDELA_PROXY__TLS_CERT=missing, CANDELA_PROXY__TLS_KEY=missing)

    assert ran.code == 1
    assert f"proxy.tls_cert: {missing}: can't be read: No such file or directory" in ran.err + ran.out
