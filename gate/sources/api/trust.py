"""How TLS is spoken with a base: whom to trust, and who the gate itself is there."""

from __future__ import annotations

import contextlib
import functools
import pathlib
import ssl
from collections.abc import Iterator, Mapping

from gate import temporary
from gate.api import Base
from gate.secrets import known

PEM = "-----BEGIN "
LARGEST = 1024 * 1024
"""A PEM file is not larger."""


class TrustError(Exception):
    """What a base names for TLS cannot be used.

    Attributes:
        key: The key that names it.
    """

    def __init__(self, key: str, text: str) -> None:
        """Keep the key."""
        super().__init__(text)
        self.key = key


def context(base: Base, target_file: str, environ: Mapping[str, str]) -> ssl.SSLContext | None:
    """Return how TLS is spoken with a base; ``None`` where it is not.

    Args:
        base: Names its files and variables.
        target_file: Where relative paths begin: the folder of this file.
        environ: Where the variables are.

    Raises:
        TrustError: A file cannot be read, or is none; a variable is not set.
    """
    if not base.base.startswith("https:"):
        return None
    if base.ca_file is None and not _has_certificate(base):
        return usual()
    folder = pathlib.Path(target_file).parent
    found = _public() if base.ca_file is None else _private()
    if base.ca_file is not None:
        file = folder / pathlib.Path(base.ca_file).expanduser()
        text = _read("ca_file", file)
        try:
            found.load_verify_locations(cadata=text)
        except (ssl.SSLError, ValueError) as error:
            raise TrustError("ca_file", f"{file} holds no certificate: {_why(error)}") from error
    if _has_certificate(base):
        _present(found, base, folder, environ)
    return found


def unusable(base: Base, target_file: str, environ: Mapping[str, str]) -> TrustError | None:
    """Why TLS cannot be spoken with a base; ``None`` where it can."""
    try:
        context(base, target_file, environ)
    except TrustError as error:
        return error
    return None


@functools.cache
def usual() -> ssl.SSLContext:
    """The roots that are trusted everywhere; read once, where anything is asked by TLS at all."""
    return _public()


def _public() -> ssl.SSLContext:
    import httpx  # noqa: PLC0415 - loaded where something is asked by TLS

    return httpx.create_ssl_context(trust_env=False)


def _private() -> ssl.SSLContext:
    """Nobody is trusted yet: a private authority stands instead of the public ones."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _has_certificate(base: Base) -> bool:
    return base.client_certificate is not None or base.client_certificate_env is not None


def _present(
    found: ssl.SSLContext, base: Base, folder: pathlib.Path, environ: Mapping[str, str]
) -> None:
    """Give the client certificate to whoever asks for one."""
    key, text = _given(base, "client_certificate", folder, environ)
    key_of, own = _given(base, "client_key", folder, environ)
    password = ""
    if base.client_key_password_env is not None:
        password = _value("client_key_password_env", base.client_key_password_env, environ)
        known.learn(password)
    with _kept(text if own is None or text is None else f"{text}\n{own}") as file:
        try:
            # Without a password OpenSSL would ask the terminal for one, and wait.
            found.load_cert_chain(file, password=lambda: password)
        except (ssl.SSLError, ValueError, OSError) as error:
            wrong = key if own is None else key_of
            raise TrustError(
                wrong, f"no certificate and key that belong together: {_why(error)}"
            ) from error


def _given(
    base: Base, what: str, folder: pathlib.Path, environ: Mapping[str, str]
) -> tuple[str, str | None]:
    """The key that names a PEM, and the PEM; ``None`` where neither key does."""
    path, variable = getattr(base, what), getattr(base, f"{what}_env")
    if path is not None:
        return what, _read(what, folder / pathlib.Path(path).expanduser())
    if variable is None:
        return what, None
    value = _value(f"{what}_env", variable, environ)
    if value.lstrip().startswith(PEM):
        known.learn(value)
        return f"{what}_env", value
    return f"{what}_env", _read(f"{what}_env", folder / pathlib.Path(value).expanduser())


def _value(key: str, variable: str, environ: Mapping[str, str]) -> str:
    value = environ.get(variable)
    if not value:
        raise TrustError(key, f"the environment variable {variable} is not set")
    return value


def _read(key: str, file: pathlib.Path) -> str:
    try:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST + 1)
    except OSError as error:
        raise TrustError(key, f"{file} cannot be read: {error.strerror}") from error
    text = raw.decode("ascii", "replace")
    if len(raw) > LARGEST or PEM not in text:
        raise TrustError(key, f"{file} is no PEM file")
    return text


@contextlib.contextmanager
def _kept(text: str | None) -> Iterator[str]:
    """A file that only this process reads, for the moment in which it is: OpenSSL takes no text."""
    folder = temporary.make()
    try:
        file = folder / "pem"
        file.touch(0o600)
        file.write_text(text or "", "ascii", "replace")
        yield str(file)
    finally:
        temporary.remove(folder)


def _why(error: Exception) -> str:
    """What OpenSSL says, without the place in its own code."""
    reason = getattr(error, "reason", None) or str(error).split("(_ssl", maxsplit=1)[0]
    return known.first(str(reason).replace("_", " ").lower().strip(), 120) or "odd"
