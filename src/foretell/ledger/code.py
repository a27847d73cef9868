"""Which code made a forecast: the package, its commit where it stands in a checkout, and the libraries below it."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("jax", "numpy", "optax", "polars")
PATIENCE = 10.0  # seconds for git


def describe_code() -> dict[str, Any]:
    """Return versions as plain data; `commit` is `None` outside of a checkout, `changed` tells of uncommitted edits."""
    return {
        "foretell": version("foretell"),
        **_checkout(Path(__file__).parents[1]),
        "python": platform.python_version(),
        **{name: _version(name) for name in LIBRARIES},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _checkout(package: Path) -> dict[str, Any]:
    """Return the commit that the package's own files belong to."""
    tracked = _git(package, "ls-files", "--error-unmatch", "__init__.py")
    if tracked is None:
        return {"commit": None, "changed": None}
    return {
        "commit": (_git(package, "rev-parse", "HEAD") or "").strip() or None,
        "changed": bool((_git(package, "status", "--porcelain", "--", ".") or "").strip()),
    }


def _git(folder: Path, *words: str) -> str | None:
    try:
        command = ["git", "-C", str(folder), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
