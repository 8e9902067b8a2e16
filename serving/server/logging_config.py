"""Logging configuration.

One JSON object a line on stderr, with the trace id, without secrets and request content.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from pathlib import Path
from typing import Any

from structlog.contextvars import merge_contextvars
from structlog.processors import JSONRenderer, TimeStamper
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.types import EventDict, WrappedLogger

from serving.auth.api_key import KEY_PREFIX
from serving.runtime.settings import LogLevel

ALLOWED_FIELDS = ("method", "route", "status", "seconds", "task", "rung", "stage")
"""Fields that a line may have besides its event; others that a logger is given are left out."""
MAX_FRAMES = 12
MAX_VALUE_LENGTH = 2000
FRAMEWORK_LOGGERS = (
    "bentoml",
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "circus",
    "py.warnings",
)
SECRET_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s'\",]+"), r"\1 ***"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?"), "***"),
    (re.compile(rf"\b{KEY_PREFIX}\S+"), "***"),
    (re.compile(r"(?<=://)[^\s/@'\"]+@"), "***@"),
)
"""Last line of defence: what looks like a token or a password is masked, whoever logs it."""


def configure_logging(level: LogLevel = LogLevel.INFO) -> None:
    """Write all log lines of this process, those of frameworks too, to stderr as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(json_formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in FRAMEWORK_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # a line that cannot be written must not print what it held


def json_formatter() -> logging.Formatter:
    """Return the formatter: time, level, logger, event, trace id, and an error's type and place."""
    return ProcessorFormatter(
        foreign_pre_chain=[
            merge_contextvars,
            add_log_level,
            add_logger_name,
            ExtraAdder(allow=ALLOWED_FIELDS),
            TimeStamper(fmt="iso", utc=True, key="time"),
        ],
        processors=[
            replace_traceback,
            ProcessorFormatter.remove_processors_meta,
            mask_secrets,
            JSONRenderer(ensure_ascii=True),
        ],
    )


def replace_traceback(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace a traceback with the error's type and place: its text may hold parts of a request."""
    found: Any = event.pop("exc_info", None)
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
        event["at"] = [f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in frames]
    event.pop("stack_info", None)
    return event


def mask_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Mask what looks like a token or a password, and cut long values."""
    return {name: _mask(value) for name, value in event.items()}


def _mask(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    for pattern, instead in SECRET_PATTERNS:
        value = pattern.sub(instead, value)
    return value[:MAX_VALUE_LENGTH]
