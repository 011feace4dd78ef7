from tests.proxy.conftest import candela, client

__all__ = ["candela", "client"]
