"""Made-up archives: a wheel of Python files and a Debian package of a dictionary."""

import hashlib
import zipfile
from pathlib import Path
from random import Random

import pytest

from foretell.ladder.corpora import Package

STEMS = ("riv", "kett", "wind", "gard", "lett")
NOUNS = [f"{stem}{end}" for stem in STEMS for end in ("er", "le", "ow", "en", "ine", "et", "or")]
FREQUENT = ("the", "of", "and", "to", "in", "for", "with", "on", "at", "from", "by", "into")


def sentence(i: int) -> str:
    """One of many sentences, no two of which share a run of eight words."""
    rng = Random(i)
    return "The " + " ".join(f"{rng.choice(NOUNS)} {rng.choice(FREQUENT)}" for _ in range(9)) + " hill."


def function(i: int) -> str:
    """A file of code, like no other."""
    words = Random(i).sample(NOUNS, 12)
    neighbours = zip(words, words[1:], words[2:], words[3:], strict=False)
    lines = (f"    {a}_{b} = [{c}.{d}({a}), '{b}']\n" for a, b, c, d in neighbours)
    return f"def {words[0]}_{i}({words[1]}, {words[2]}):\n{''.join(lines)}    return {words[5]}\n"


@pytest.fixture
def packages(tmp_path) -> list[Package]:
    """Two made-up packages whose archives lie in `downloads`."""
    code = {f"toy/part_{i}.py": function(i) for i in range(300)}
    code["toy/copy.py"] = code["toy/part_1.py"]
    prose = {f"toy/page_{i}.html": page(range(i * 20, i * 20 + 20)) for i in range(300)}
    prose["toy/copy.html"] = prose["toy/page_1.html"]
    return [
        wheel(tmp_path, "toycode", code, source="code", form="python", take=r"\.py$"),
        wheel(tmp_path, "toyprose", prose, source="prose", form="html", take=r"\.html$"),
    ]


def page(numbers) -> str:
    return "<html><h1>A page</h1>" + "".join(f"<p>{sentence(i)}</p>" for i in numbers) + "</html>"


def wheel(folder: Path, name: str, files: dict[str, str], **fields: str) -> Package:
    archive = folder / "downloads" / f"{name}_1.0.whl"
    archive.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(archive, "w") as opened:
        for path, text in files.items():
            opened.writestr(path, text)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return Package(registry="pypi", name=name, version="1.0", sha256=digest, licence="MIT", **fields)
