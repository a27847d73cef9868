"""Bring one pinned package into a folder, through its registry's own client."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from foretell.datasets.pins import sha256
from foretell.errors import DataError
from foretell.ladder.corpora.package import Package

# The wheels that are pinned; only their .py files are read, on any machine.
WHEELS = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")
PYTHON = "3.12"
FIX = "Update the registry's lists, pin the version that is served in sources.toml, or pass --allow-missing."


def fetch(package: Package, folder: Path, *, fix: str = FIX) -> Path:
    """Return the archive of a package, downloaded unless the folder has it already.

    Args:
        package: What is wanted.
        folder: Where archives are kept; made when missing.
        fix: What to do where the registry does not serve it.

    Raises:
        DataError: the registry does not serve this version, or serves other content under it.
    """
    kept = folder / package.file
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            _download(package, Path(temporary), fix).replace(kept)
    return _checked(package, kept)


def _download(package: Package, folder: Path, fix: str) -> Path:
    ask = {"debian": _apt, "pypi": _pip}[package.registry]
    try:
        answer = subprocess.run(ask(package, folder), cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError as missing:
        raise DataError(f"{package.name}: {missing.filename} is not installed. Build where it is.") from None
    files = [*folder.glob("*.deb"), *folder.glob("*.whl")]
    if answer.returncode or len(files) != 1:
        raise _not_served(package, answer.stderr, fix)
    return files[0]


def _apt(package: Package, _: Path) -> Sequence[str]:
    return ("apt-get", "download", "-qq", f"{package.name}={package.version}")


def _pip(package: Package, folder: Path) -> Sequence[str]:
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    platforms = [flag for wheel in WHEELS for flag in ("--platform", wheel)]
    options = ("--no-deps", "--require-hashes", "--only-binary=:all:", "--python-version", PYTHON, *platforms)
    return (sys.executable, "-m", "pip", "download", "--quiet", *options, "--dest", str(folder), "-r", str(wanted))


def _not_served(package: Package, complaint: str, fix: str) -> DataError:
    reason = next((line for line in complaint.splitlines() if line.startswith(("E: ", "ERROR: "))), "no reason given")
    return DataError(f"{package.name} {package.version} cannot be had from {package.registry} ({reason}). {fix}")


def _checked(package: Package, archive: Path) -> Path:
    found = sha256(archive)
    if found != package.sha256:
        raise DataError(
            f"{archive}: its SHA-256 is {found}, and {package.sha256} is pinned. "
            "Delete it to download it again, or pin it anew."
        )
    return archive
