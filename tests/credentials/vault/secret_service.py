"""A Secret Service of its own: gnome-keyring in a D-Bus session that ends with the test."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "the password of the keyring"


def require_gnome_keyring() -> None:
    """Skip where it is not installed; on CI that is a failure."""
    missing = [program for program in ("dbus-daemon", "gnome-keyring-daemon") if shutil.which(program) is None]
    if missing:
        reason = f"{', '.join(missing)} not installed (Debian packages dbus and gnome-keyring)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@contextmanager
def session_bus(folder: Path) -> Iterator[str]:
    """The address of a D-Bus session that starts no services by itself."""
    require_gnome_keyring()
    socket = folder / "bus"
    config = folder / "bus.conf"
    config.write_text(
        '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"'
        ' "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">'
        f"<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>"
        '<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>'
        '<allow own="*"/></policy></busconfig>'
    )
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bus:
        assert bus.stdout is not None
        try:
            yield bus.stdout.readline().strip()
        finally:
            bus.terminate()


@contextmanager
def gnome_keyring(folder: Path, address: str, *, unlocked: bool = True) -> Iterator[None]:
    """gnome-keyring with its files in a folder; locked where it is not given its password."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "share"),
        "XDG_RUNTIME_DIR": str(folder),
        "DBUS_SESSION_BUS_ADDRESS": address,
    }
    command = ["gnome-keyring-daemon", "--foreground", "--components=secrets", *(["--unlock"] if unlocked else [])]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as daemon:
        assert daemon.stdin is not None
        assert daemon.stdout is not None
        try:
            daemon.stdin.write(PASSWORD.encode() if unlocked else b"")
            daemon.stdin.close()
            _wait_for_service(address, daemon)
            yield
        finally:
            daemon.terminate()


def _wait_for_service(address: str, daemon: "subprocess.Popen[bytes]") -> None:
    from jeepney import DBusAddress, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    with open_dbus_connection(address) as connection:
        while daemon.poll() is None:
            owned = connection.send_and_get_reply(
                new_method_call(bus, "NameHasOwner", "s", ("org.freedesktop.secrets",))
            )
            if owned.body[0]:
                return
    raise AssertionError("gnome-keyring did not start")
