"""Where things go: numbers to stdout, talk to stderr, files whole or not at all."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.markup import escape

from foretell.errors import Finding

WIDTH_WITHOUT_TERMINAL = 120


def print_json(plain: Mapping[str, Any]) -> None:
    """Print a result as JSON on stdout."""
    sys.stdout.write(to_json(plain))


def to_json(plain: Mapping[str, Any]) -> str:
    """Return strict JSON: a missing number is null, never NaN."""
    return json.dumps(plain, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def print_report(parts: Iterable[RenderableType]) -> None:
    """Print tables and text on stdout."""
    console = _console(sys.stdout)
    for part in parts:
        console.print(part)


def print_findings(findings: Iterable[Finding]) -> None:
    """Print what is to be known about a result on stderr, one line each."""
    console = _console(sys.stderr)
    for finding in findings:
        colour = {"error": "red", "warning": "yellow"}.get(finding.severity, "dim")
        line = f"[{colour}]{finding.severity}[/] [bold]{finding.code}[/] {escape(str(finding))}"
        console.print(line, soft_wrap=True, highlight=False)


def write_text(path: Path, text: str) -> None:
    """Write a text file, never half of it, and say so on stderr."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, never half of it, and say so on stderr."""
    from foretell.io import write_atomically

    write_atomically(path, lambda temporary: temporary.write_bytes(content))
    say_written(path)


def say_written(path: Path) -> None:
    """Say on stderr that a file was written."""
    _console(sys.stderr).print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)


def _console(stream: Any) -> Console:
    return Console(file=stream, emoji=False, width=None if stream.isatty() else WIDTH_WITHOUT_TERMINAL)
