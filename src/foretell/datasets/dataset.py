"""One public run table: where it comes from, and how it is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from foretell.runs import Runs

PUBLIC_HOME = "https://raw.githubusercontent.com"


@dataclass(frozen=True)
class Extract:
    """A file that is cut out of another one after its download.

    Attributes:
        path: The upstream file that is downloaded.
        cut: Turns its text into the text of the file that is pinned.
    """

    path: str
    cut: Callable[[str], str]


@dataclass(frozen=True)
class Dataset:
    """One public run table.

    Attributes:
        name: As in `load_public(name)`.
        title: One line: what is in it.
        repo: GitHub repository, `owner/name`.
        commit: The pinned commit.
        licence: As the repository states it.
        citation: Paper and arXiv id.
        files: Upstream path of every file that is read, to its SHA-256.
        load: Reads the files in a folder, laid out as upstream, into a run table.
        folder: Name of that folder in the cache and in a mirror.
        needs: Names of other tables whose files are read too; their folders lie beside this one.
        extracts: Files that are no upstream file but cut out of one.
        home: Address before `/<repo>/<commit>/<path>`.
    """

    name: str
    title: str
    repo: str
    commit: str
    licence: str
    citation: str
    files: Mapping[str, str]
    load: Callable[[Path], Runs]
    folder: str
    needs: tuple[str, ...] = ()
    extracts: Mapping[str, Extract] = field(default_factory=dict)
    home: str = PUBLIC_HOME

    @property
    def source(self) -> str:
        """The repository at the pinned commit, for people."""
        return f"https://github.com/{self.repo}/tree/{self.commit}"

    def url(self, path: str) -> str:
        """Return the address of a file, or of the file that it is cut out of."""
        upstream = self.extracts[path].path if path in self.extracts else path
        return f"{self.home}/{self.repo}/{self.commit}/{quote(upstream)}"
