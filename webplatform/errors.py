"""The errors that a person or a client gets to read."""


class UserError(Exception):
    """A request that is refused for a reason its sender can understand.

    ``code`` is stable and meant for programs, ``message`` for people, and
    ``status`` is the HTTP status that both doors, web and API, answer with.
    """

    code = "invalid_request"
    status = 400
    message = "This request cannot be carried out."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)
        self.message = message or self.message
