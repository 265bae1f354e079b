"""Kaggle's own client, as far as it can be relied on: it logs in and says where a file lies."""

import io
import os
import re
import ssl
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module

SITE = "https://www.kaggle.com"
HOW_TO_LOG_IN = (
    f"Kaggle knows no valid token of yours: make one at {SITE}/settings/api and put it into "
    "~/.kaggle/access_token or the variable KAGGLE_API_TOKEN, or run `kaggle auth login`"
)


class Refused(Exception):
    """Kaggle gives nothing until the person does what the message names."""


class Interrupted(Exception):
    """This attempt failed; the next one may not."""


@dataclass(frozen=True)
class Offer:
    """A file as Kaggle holds it ready.

    ``address`` is good for some minutes, ``size`` is in bytes, ``version``
    changes with the content and is empty where Kaggle names none.
    """

    address: str
    size: int
    version: str


class Kaggle:
    """The official client, logged in.

    Raises ``Refused`` without the client or a valid token, ``Interrupted`` when
    Kaggle cannot be reached.
    """

    def __init__(self) -> None:
        try:
            # To import it already is to log in. Both print a page of help where that fails.
            with redirect_stdout(io.StringIO()):
                self._api = import_module("kaggle.api.kaggle_api_extended").KaggleApi()
                self._api.authenticate()
            self._types = import_module("kagglesdk.competitions.types.competition_api_service")
            certificates = os.environ.get("REQUESTS_CA_BUNDLE") or import_module("certifi").where()
        except ImportError as error:
            install = "pip install -r requirements/kaggle.txt"
            raise Refused(f"Kaggle's own client is not there ({error}): {install}") from error
        except SystemExit as error:
            raise Refused(HOW_TO_LOG_IN) from error
        except OSError as error:
            raise Interrupted(f"Kaggle cannot be asked: {without_signature(error)}") from error
        # Whom the client trusts; Python's own certificates are not set up everywhere.
        self.trust = ssl.create_default_context(cafile=certificates)

    def offer(self, competition: str, file: str | None) -> Offer:
        """Return where a file lies now; without a ``file``, the zip of the whole competition.

        Raises ``Refused`` or ``Interrupted``.
        """
        with self._api.build_kaggle_client() as client:
            service = client.competitions.competition_api_client
            if file is None:
                request = self._types.ApiDownloadDataFilesRequest()
                ask = service.download_data_files
            else:
                request = self._types.ApiDownloadDataFileRequest()
                request.file_name = file
                ask = service.download_data_file
            request.competition_name = competition
            try:
                answer = ask(request)
            except OSError as error:  # as are all errors of the client's HTTP library
                raise meaning_of(error, competition, file) from error
            answer.close()
        length = answer.headers.get("Content-Length") or ""
        if not length.isdecimal() or "Content-Encoding" in answer.headers:
            untold = "Kaggle does not tell its size, and so it could not be verified"
            raise Refused(f"{untold}; take it from {SITE}/competitions/{competition}/data")
        return Offer(answer.url, int(length), answer.headers.get("ETag") or "")


def meaning_of(error: OSError, competition: str, file: str | None) -> Exception:
    """Return what an error of the client means: something to do, or to try again."""
    status = getattr(getattr(error, "response", None), "status_code", 0)
    said = f"{file or competition}: {without_signature(error)}".rstrip(".")
    if status == 401:
        return Refused(f"{said}. {HOW_TO_LOG_IN}")
    if status == 403:
        rules = f"{SITE}/competitions/{competition}/rules"
        return Refused(f"{said}. With your token's account, join and accept the rules: {rules}")
    if status == 404:
        return Refused(f"{said}. See what there is: {SITE}/competitions/{competition}/data")
    if 400 <= status < 500 and status not in (408, 429):
        return Refused(said)
    return Interrupted(said)


def without_signature(error: Exception) -> str:
    """Return an error's words without the end of addresses, which is as good as a password."""
    return re.sub(r"\?\S*", "", str(error)) or type(error).__name__
