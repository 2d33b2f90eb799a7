"""One line for each log record: time, level, message, and the record's own fields as key=value."""

from __future__ import annotations

import logging
import sys

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


class FieldFormatter(logging.Formatter):
    """Appends what was given as `extra`; the message itself stays constant, so that it can be searched for."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        fields = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        text = super().format(record)
        return text + "".join(f" {name}={value!r}" for name, value in fields.items())


def set_up_logging(level: str = "INFO") -> None:
    """Log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FieldFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # httpx writes every address that is asked, and those of channels may have a customer in them.
    for noisy in ("uvicorn.access", "uvicorn.error", "alembic", "sqlalchemy", "iotcore.broker", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
