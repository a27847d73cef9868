"""The recipe of the ladder's two sources, code and prose: pinned packages in, cleaned JSONL out."""

from foretell.ladder.corpora.build import build_corpora
from foretell.ladder.corpora.package import Package, read_packages

__all__ = ["Package", "build_corpora", "read_packages"]
