"""A page as PDF, through a Chromium that is on the machine."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from foretell.errors import ForetellError

BROWSER = "FORETELL_CHROMIUM"  # names one that is not found by itself
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
)
PATIENCE = 120.0  # seconds


def find_chromium() -> str | None:
    """Return a Chromium on this machine: the one that FORETELL_CHROMIUM names, else one on the path."""
    named = os.environ.get(BROWSER)
    if named:
        return shutil.which(named)
    found = (shutil.which(name) for name in (*NAMES, *APPLICATIONS))
    return next((path for path in found if path), None)


def to_pdf(page: str) -> bytes:
    """Print a page to PDF.

    Args:
        page: HTML that needs nothing else.

    Raises:
        ForetellError: there is no Chromium, or it does not print.
    """
    browser = find_chromium()
    if browser is None:
        raise ForetellError(
            "a PDF is printed by a Chromium, and none was found. Install chromium (or name one in "
            f"{BROWSER}), or write .html and print that."
        )
    with tempfile.TemporaryDirectory(prefix="foretell-") as folder:
        source, target = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(page, encoding="utf-8")
        said = _print(browser, source, target, Path(folder) / "profile")
        if not target.is_file():
            raise ForetellError(f"{browser} printed nothing: {said}. Write .html and print that.")
        return target.read_bytes()


def _print(browser: str, source: Path, target: Path, profile: Path) -> str:
    """Print a file; return the last line that the browser said."""
    as_root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()  # it refuses root otherwise
    command = [browser, *QUIET, *as_root, f"--user-data-dir={profile}", f"--print-to-pdf={target}", source.as_uri()]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return f"it took more than {PATIENCE:g} seconds"
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
