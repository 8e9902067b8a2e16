"""Where what the command line starts listens: this machine alone."""

from __future__ import annotations

from typing import Annotated

import typer

HOST = "127.0.0.1"
Port = Annotated[int, typer.Option(min=1, max=65535, help="port on 127.0.0.1")]
