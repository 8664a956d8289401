"""Find a name's addresses in a thread that can be left behind: a resolver takes no deadline."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading


async def addresses(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host, in the resolver's order; an address is its own.

    Cancelled, it returns at once; the thread ends with the resolver's own time-out, and keeps
    neither the loop nor the process.

    Raises:
        OSError: The name leads nowhere.
    """
    if _is_address(host):
        return [host]
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def tell(found: list[str] | OSError) -> None:
        if answer.done():
            return
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found = _asked(host, port)
        try:
            loop.call_soon_threadsafe(tell, found)
        except RuntimeError:
            return  # nobody waits any more: the loop is closed

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    return await answer


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _asked(host: str, port: int) -> list[str] | OSError:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError as error:
        return OSError(f"{host!r} is no host name: {error}")
    return list(dict.fromkeys(str(one[4][0]) for one in found))
