"""The user and process at the other end of a loopback connection. Sources: sock_diag(7); proc(5), /proc/net/tcp."""

import errno
import os
import socket
import struct
import sys
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTEN = "0A"
_REACHED_BY_LOOPBACK = (f"{int.from_bytes(bytes((127, 0, 0, 1)), sys.byteorder):08X}", "00000000")
"""127.0.0.1 and 0.0.0.0 as /proc/net/tcp writes them."""

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI")
_SOCKET_ID = struct.Struct("!HH4s12x4s12x4x8s")
_NO_COOKIE = b"\xff" * 8
_OWNER = struct.Struct("=II")
"""The uid and inode of a socket; the inode is 0 when no process holds it."""
_OWNER_OFFSET = _HEADER.size + 4 + _SOCKET_ID.size + 12
_NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})
_ANSWER_TIMEOUT_S = 0.5


def knows_peers() -> bool:
    """Return whether this system can tell which user a local connection belongs to."""
    return sys.platform == "linux" and os.access(_TABLES[0], os.R_OK)


def peer_uid(peer: tuple[str, int], ours: tuple[str, int]) -> int | None:
    """Return the user id that owns the socket at ``peer`` connected to ``ours``, or None if no such socket is known.

    This asks the kernel for the one socket (20 microseconds). Reading /proc/net/tcp walks the kernel's whole table
    (9 ms measured on an idle machine), so that is only for systems without sock_diag.

    Raises OSError if this process can open no more descriptors.
    """
    try:
        return _diagnosed(peer, ours)[0]
    except OSError as error:
        if error.errno in _NO_DESCRIPTORS:
            raise
        return _listed_uid(peer, ours)


def peer_holds(peer: tuple[str, int], ours: tuple[str, int]) -> bool:
    """Return whether a process still holds the socket at ``peer`` connected to ``ours``.

    After the peer's FIN this distinguishes a peer that only stopped sending (True) from one that is gone. Returns
    False if it can't be known.
    """
    try:
        return _diagnosed(peer, ours)[1] != 0
    except OSError:
        return False


def _diagnosed(peer: tuple[str, int], ours: tuple[str, int]) -> tuple[int, int]:
    """Return the uid and inode of the socket at ``peer``. Raises OSError if the kernel knows none or can't be asked."""
    wanted = _SOCKET_ID.pack(peer[1], ours[1], socket.inet_aton(peer[0]), socket.inet_aton(ours[0]), _NO_COOKIE)
    request = _REQUEST.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0xFFFFFFFF) + wanted
    header = _HEADER.pack(_HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as netlink:
        netlink.settimeout(_ANSWER_TIMEOUT_S)
        netlink.sendto(header + request, (0, 0))
        answer = netlink.recv(4096)
    if _HEADER.unpack_from(answer)[1] != _SOCK_DIAG_BY_FAMILY:
        code = -struct.unpack_from("=i", answer, _HEADER.size)[0]
        raise OSError(code, os.strerror(code))
    uid, inode = _OWNER.unpack_from(answer, _OWNER_OFFSET)
    return int(uid), int(inode)


def _listed_uid(peer: tuple[str, int], ours: tuple[str, int]) -> int | None:
    """Look in both tables: a client may hold an IPv4 connection with an IPv6 socket."""
    for table, form in zip(_TABLES, (_hex_v4, _hex_mapped), strict=True):
        local, remote = form(peer), form(ours)
        for fields in _rows(table):
            if fields[1] == local and fields[2] == remote:
                return int(fields[7])
    return None


def listener(port: int) -> tuple[int, str] | None:
    """Return pid and command line of the process that listens on a loopback port, or None if they can't be known."""
    inodes = {
        fields[9]
        for table in _TABLES
        for fields in _rows(table)
        if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port
    }
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*") if wanted else ():
        try:
            if any(str(link.readlink()) in wanted for link in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                return int(process.name), command.strip()
        except OSError:
            continue  # Another user's process, or one that just ended.
    return None


def listening_uid(port: int) -> int | None:
    """Return the user id that listens on a port of 127.0.0.1, or None if it can't be known."""
    try:
        return _diagnosed(("127.0.0.1", port), ("0.0.0.0", 0))[0]  # noqa: S104 - a listener's other end
    except OSError:
        return _listed_listening_uid(port)


def _listed_listening_uid(port: int) -> int | None:
    for fields in _rows(_TABLES[0]):
        address, _, number = fields[1].partition(":")
        if fields[3] == _LISTEN and address in _REACHED_BY_LOOPBACK and int(number, 16) == port:
            return int(fields[7])
    return None


def _rows(table: Path) -> list[list[str]]:
    try:
        lines = table.read_text("ascii").splitlines()[1:]
    except OSError:
        return []
    return [fields for fields in map(str.split, lines) if len(fields) > 9]


def _hex_v4(address: tuple[str, int]) -> str:
    host = int.from_bytes(bytes(map(int, address[0].split("."))), sys.byteorder)
    return f"{host:08X}:{address[1]:04X}"


def _hex_mapped(address: tuple[str, int]) -> str:
    prefix = int.from_bytes(b"\0\0\xff\xff", sys.byteorder)
    return f"{0:016X}{prefix:08X}{_hex_v4(address)}"
