"""Descriptions of what went wrong between candela and another machine.

The text of a library's exception may quote what the peer sent (a cookie in a header, a token in a URL) or a Python
object. So this module reads only the type and the error number of an exception, never its text.
"""

import errno
import os
import ssl
from enum import Enum, auto

import aiohttp
from aiohttp.http_exceptions import ContentLengthError, HttpProcessingError, TransferEncodingError


class Fault(Enum):
    """The part of the way in which to look for the cause."""

    NETWORK = auto()
    """No connection, or it broke."""
    CERTIFICATE = auto()
    """The peer's TLS certificate is not trusted."""
    TIME_LIMIT = auto()
    """It took longer than one of candela's limits."""
    ANSWER = auto()
    """The peer was reached, and what it sent is not valid HTTP."""
    DESCRIPTORS = auto()
    """This process may open no more files and connections."""


class EndedInHead(aiohttp.ServerDisconnectedError):
    """The provider closed the connection in the middle of the head of its answer."""


class EndedInBody(aiohttp.ClientPayloadError):
    """The provider closed the connection in the middle of the body of its answer."""


_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})

# X509_V_ERR_* of OpenSSL 3, include/openssl/x509_vfy.h.in
_CERTIFICATE_WORDS = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is self-signed",
    19: "a certificate of its chain is self-signed and not trusted here",
    20: "no trusted authority signed it",
    21: "no trusted authority signed it",
    23: "it was revoked",
    62: "it is for another host name",
    64: "it is for another address",
}
_CERTIFICATE_ADVICE = "proxy.ca_bundle in config.toml can name the PEM file of another certificate authority"
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})
_OS_WORDS = {
    errno.ECONNREFUSED: "the connection was refused",
    errno.ECONNRESET: "the connection was reset",
    errno.EPIPE: "the connection was closed",
    errno.ECONNABORTED: "the connection was aborted",
    errno.ETIMEDOUT: "the connection timed out",
    errno.EHOSTUNREACH: "there is no route to the host",
    errno.ENETUNREACH: "the network is unreachable",
    errno.ENETDOWN: "the network is down",
    errno.EADDRNOTAVAIL: "no local address or port is free",
}
# How the messages of aiohttp 3.14's parsers begin, and the reasons of llhttp 9; what follows may quote the peer.
_PARSER_WORDS = {
    "Got more than": "a line of its header is too long",
    "Too many headers": "it has too many header fields",
    "Duplicate": "a header field that must be unique occurs twice",
    "Invalid header": "a header field is malformed",
    "Invalid HTTP header": "a header field is malformed",
    "Missing 'Host'": "it has no Host header",
    "Missing expected CR after chunk": "its chunked encoding is malformed",
    "Expected LF after chunk": "its chunked encoding is malformed",
    "Invalid character in chunk": "its chunked encoding is malformed",
    "Chunk size": "its chunked encoding is malformed",
    "Missing expected": "a line of its header is malformed",
    "Expected LF": "a line of its header is malformed",
    "Unexpected": "a line of its header is malformed",
    "Bad status line": "its first line is malformed",
    "Bad HTTP method": "its first line is malformed",
    "Invalid method": "its first line is malformed",
    "Invalid char": "its first line is malformed",
    "Invalid status": "its first line is malformed",
    "Invalid response status": "its first line is malformed",
    "Invalid HTTP version": "its HTTP version is unknown",
    "Expected HTTP/": "it does not begin with HTTP/",
    "Content-Length can't": "it has both Content-Length and Transfer-Encoding",
    "Transfer-Encoding can't": "it has both Content-Length and Transfer-Encoding",
    "Content-Length": "its Content-Length is malformed",
    "Invalid character in Content-Length": "its Content-Length is malformed",
    "Invalid `Transfer-Encoding`": "its Transfer-Encoding is unknown",
}


def fault(error: BaseException) -> Fault:
    """Return where to look for the cause of an error of aiohttp, asyncio, ssl or the system."""
    cause = _root(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Fault.CERTIFICATE
    if isinstance(cause, OSError) and cause.errno in _DESCRIPTORS:
        return Fault.DESCRIPTORS
    if isinstance(cause, TimeoutError) and cause.errno is None:
        return Fault.TIME_LIMIT
    if isinstance(cause, aiohttp.ClientHttpProxyError | TransferEncodingError | ContentLengthError):
        return Fault.NETWORK
    answered = isinstance(cause, aiohttp.ClientResponseError | HttpProcessingError)
    return Fault.ANSWER if answered else Fault.NETWORK


def described(error: BaseException, peer: str = "it") -> str:
    """Return what happened as a clause, such as "the connection was refused"; ``peer`` is its subject."""
    of_peer = "its" if peer == "it" else f"{peer}'s"
    cause = _root(error)
    match cause:
        case ssl.SSLCertVerificationError():
            why = _CERTIFICATE_WORDS.get(cause.verify_code, f"OpenSSL's verify error {cause.verify_code}")
            return f"{of_peer} TLS certificate is not trusted: {why} ({_CERTIFICATE_ADVICE})"
        case ssl.SSLError():
            return f"{peer} does not speak TLS" if cause.reason in _NO_TLS else "the TLS handshake failed"
        case aiohttp.ClientHttpProxyError():
            return f"the HTTP proxy on the way refused the connection with status {cause.status}"
        case EndedInBody() | TransferEncodingError() | ContentLengthError():
            return f"{peer} closed the connection in mid-answer"
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return f"{of_peer} answer is not valid HTTP: {parser_words(cause.message)}"
        case aiohttp.ClientPayloadError():
            return f"the body of {of_peer} answer is malformed"
        case EndedInHead():
            return f"{peer} closed the connection in the middle of its header"
        case aiohttp.ServerDisconnectedError():
            return f"{peer} closed the connection without an answer"
        case aiohttp.ConnectionTimeoutError():
            return "the connection was not made within the time limit"
        case aiohttp.InvalidURL():
            return f"{of_peer} URL can't be used"
        case TimeoutError() if cause.errno is None:
            return "no data arrived within the time limit"
        case OSError():
            return _os_words(error, cause, of_peer)
        case _:
            return "the request could not be sent"


def parser_words(message: str) -> str:
    """Return what an HTTP parser found wrong with a message, from the text of its exception."""
    fitting = (begin for begin in _PARSER_WORDS if message.strip().startswith(begin))
    return _PARSER_WORDS.get(max(fitting, key=len, default=""), "it is malformed")


def _root(error: BaseException) -> BaseException:
    """Return the error that the library wrapped."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return error.certificate_error
        case aiohttp.ClientConnectorDNSError():
            return error
        case aiohttp.ClientConnectorError():
            return _root(error.os_error)
        case aiohttp.ClientPayloadError() if error.__cause__ is not None:
            return error.__cause__
        case _:
            return error


def _os_words(error: BaseException, cause: OSError, of_peer: str) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"{of_peer} host name can't be resolved"
    if cause.errno in _DESCRIPTORS:
        return "candela can't open more files and connections (raise the limit with `ulimit -n`)"
    # asyncio reports a connection that ends in the TLS handshake without a number.
    otherwise = "the connection was closed" if isinstance(cause, ConnectionError) else "the connection failed"
    words = _OS_WORDS.get(cause.errno or 0) or (os.strerror(cause.errno) if cause.errno else otherwise)
    return f"the HTTP proxy on the way: {words}" if isinstance(error, aiohttp.ClientProxyConnectionError) else words
