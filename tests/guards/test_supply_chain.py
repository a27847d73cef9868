"""What is locked is what the project asks for, each file with its hash."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"


def locked(name: str) -> dict[str, str]:
    """Return the versions of a lock file, one name after the other."""
    lines = (LOCKS / name).read_text(encoding="utf-8").splitlines()
    pins = [re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", line) for line in lines]
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin}


def asked(*extras: str) -> list[Requirement]:
    """Return what pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    return [Requirement(each) for one in lists for each in one if not each.startswith("foretell[")]


def every_extra() -> list[str]:
    return list(
        tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    )


@pytest.mark.parametrize("lock", ["base.lock", "all.lock"])
def test_what_is_asked_for_is_locked_at_a_version_that_is_allowed(lock):
    pins = locked(lock)
    wanted = asked(*(every_extra() if lock == "all.lock" else ()))
    assert len(wanted) >= 10
    for each in wanted:
        pin = pins[canonicalize_name(each.name)]
        assert each.specifier.contains(Version(pin), prereleases=True), (each, pin)


@pytest.mark.parametrize("lock", ["base.lock", "all.lock"])
def test_every_pin_has_a_hash(lock):
    parts = re.split(r"\n(?=\S)", (LOCKS / lock).read_text(encoding="utf-8").strip())
    assert len(parts) == len(re.findall(r"==", "\n".join(part.splitlines()[0].split(";")[0] for part in parts)))
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", part) for part in parts)


def test_the_bill_of_materials_lists_what_is_locked():
    parts = json.loads((LOCKS / "sbom.json").read_text(encoding="utf-8"))["components"]
    assert {canonicalize_name(part["name"]): part["version"] for part in parts} == locked("base.lock")


def test_a_licence_stands_for_everything_the_base_needs():
    rows = (LOCKS / "licences.md").read_text(encoding="utf-8").splitlines()[2:]
    known = {canonicalize_name(row.split("|")[1].strip()): row.split("|")[3].strip() for row in rows}
    elsewhere = {"colorama", "tzdata", "pywin32"}  # of other systems only
    assert set(locked("base.lock")) - elsewhere <= set(known)
    assert all(known[name] not in ("", "UNKNOWN") for name in locked("base.lock") if name in known)
