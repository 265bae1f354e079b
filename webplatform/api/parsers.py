"""Reading what clients send."""

from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """Refuses JSON that is nested too deeply, where Python's reader gives up."""

    def parse(self, stream, media_type=None, parser_context=None):
        """Return the parsed body."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("This JSON is nested too deeply.") from error
