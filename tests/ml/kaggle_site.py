"""A stand-in for Kaggle: a site on this machine, and a client that asks it.

The site answers as Kaggle does: what the client asks is redirected to an
address of a store, with a signature that is good once for the client and once
for whoever goes on with the address. It also has the faults of a long way.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import unquote

COMPETITION = "siim-isic-melanoma-classification"

# The parts of the official client that are used, with its habits: it logs in when it is
# imported, and where that fails prints help and exits.
CLIENT = {
    "kaggle/__init__.py": """
from kaggle.api.kaggle_api_extended import KaggleApi
api = KaggleApi()
try:
    api.authenticate()
except (Exception, SystemExit):
    pass
""",
    "kaggle/api/__init__.py": "",
    "kaggle/api/kaggle_api_extended.py": """
import json
import os
import sys
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

class Refusal(OSError):
    def __init__(self, error):
        super().__init__(json.load(error)["message"])
        self.response = SimpleNamespace(status_code=error.code, headers=error.headers)

class Service:
    def download_data_files(self, request):
        return self._ask(request.competition_name)

    def download_data_file(self, request):
        return self._ask(f"{request.competition_name}/{quote(request.file_name)}")

    def _ask(self, path):
        token = {"Authorization": "Bearer " + os.environ["KAGGLE_API_TOKEN"]}
        try:
            return urlopen(Request(f"{os.environ['KAGGLE_SITE']}/api/{path}", headers=token))
        except HTTPError as error:
            raise Refusal(error) from error

class Client:
    competitions = SimpleNamespace(competition_api_client=Service())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

class KaggleApi:
    def authenticate(self):
        if not os.environ.get("KAGGLE_API_TOKEN"):
            print("Authentication required to call the Kaggle API.")
            sys.exit(1)

    def build_kaggle_client(self):
        return Client()
""",
    "kagglesdk/competitions/types/competition_api_service.py": """
class ApiDownloadDataFilesRequest:
    competition_name = ""

class ApiDownloadDataFileRequest:
    competition_name = file_name = ""
""",
    "certifi.py": "def where(): return None",
}


def write_client(folder: Path) -> Path:
    """Write the client's modules and return the folder to import them from."""
    for name, source in CLIENT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source)
    return folder


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Be silent about those who hang up."""


@dataclass
class Site:
    """What lies there, what goes wrong, and what was sent.

    ``files`` maps a name, or "" for everything, to its name in the store and
    its bytes. Of the faults that are lists each request takes the next: what the
    client is told, whether the store refuses, after how many bytes it breaks off.
    ``pause`` is in seconds after each 64 KiB; having sent ``held_at`` bytes, it sends
    nothing more until that is None.
    """

    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    version: str = '"1"'
    told_size: int | None = None
    tells_size: bool = True
    goes_on: bool = True
    beside: int = 0
    pause: float = 0.0
    held_at: int | None = None
    refusals: list[tuple[int, str] | None] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    breaks: list[int | None] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    sent: int = 0

    def __enter__(self) -> "Site":
        self._server = Server(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site, signatures, used = self, count(), set()

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                path, _, signature = self.path.partition("?")
                if path.startswith("/api/"):
                    name = path.removeprefix(f"/api/{COMPETITION}").lstrip("/")
                    return self.redirect(unquote(name))
                store = dict(site.files.values())
                content = store[path.removeprefix("/store/")]
                if "Range" not in self.headers:
                    return self.head(200, len(content))
                site.ranges.append(self.headers["Range"])
                if signature in used or (site.failures and site.failures.pop(0)):
                    return self.say(403, "an address that has run out")
                used.add(signature)
                return self.send_rest(content)

            def redirect(self, name: str) -> None:
                if "Bearer" not in self.headers["Authorization"]:
                    return self.say(401, "Unauthenticated")
                if site.refusals and (refusal := site.refusals.pop(0)):
                    return self.say(*refusal)
                if name not in site.files:
                    return self.say(404, "Not found")
                self.send_response(302)
                stored = site.files[name][0]
                self.send_header("Location", f"/store/{stored}?signature=s3cret{next(signatures)}")
                return self.end_headers()

            def say(self, status: int, message: str) -> None:
                body = json.dumps({"code": status, "message": message}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body)

            def head(self, status: int, length: int, part: str = "") -> None:
                self.send_response(status)
                if site.tells_size:
                    told = length if site.told_size is None or part else site.told_size
                    self.send_header("Content-Length", str(told))
                self.send_header("ETag", site.version)
                if part:
                    self.send_header("Content-Range", part)
                self.end_headers()

            def send_rest(self, content: bytes) -> None:
                start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) + site.beside
                size = len(content) if site.told_size is None else site.told_size
                if site.goes_on:
                    self.head(206, size - start, f"bytes {start}-{size - 1}/{size}")
                    content = content[start:]
                else:
                    self.head(200, size)
                until = site.breaks.pop(0) if site.breaks else None
                content = content[:until]
                for begin in range(0, len(content), 1 << 16):
                    self.wfile.write(piece := content[begin : begin + (1 << 16)])
                    site.sent += len(piece)
                    time.sleep(site.pause)
                    while site.held_at is not None and site.sent >= site.held_at:
                        time.sleep(0.01)

        return Handler
