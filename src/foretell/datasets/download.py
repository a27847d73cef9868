"""Download the files of a public table, each checked before it appears."""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from foretell.datasets.dataset import Dataset
from foretell.errors import DataError

AT_ONCE = 8
RETRIES = 2
TIMEOUT = 30  # seconds without an answer


def download(dataset: Dataset, folder: Path, on_file: Callable[[str], None]) -> Path:
    """Bring every file of a table into a folder; those that are there already are kept.

    A file appears in the folder only once its SHA-256 is the pinned one, so that an interrupted
    download goes on where it stopped.

    Args:
        dataset: The table that is wanted.
        folder: Where its files go, under their upstream paths.
        on_file: Called with the upstream path of each file once it is there.

    Raises:
        DataError: a file cannot be downloaded or written, or is not the pinned one.
    """
    _make_folders({(folder / path).parent for path in dataset.files})
    keeper = _keeper(dataset, folder)
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        fetches = {pool.submit(_fetch, keeper, dataset, path): path for path in dataset.files}
        for fetch in as_completed(fetches):
            fetch.result()
            on_file(fetches[fetch])
    finally:
        pool.shutdown(cancel_futures=True)
    return folder


def _make_folders(folders: Iterable[Path]) -> None:
    """Make all folders beforehand, for which pooch's threads would race."""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from None


def _keeper(dataset: Dataset, folder: Path) -> Any:
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    return pooch.create(
        path=folder,
        base_url="",
        registry={path: f"sha256:{digest}" for path, digest in dataset.files.items()},
        urls={path: dataset.url(path) for path in dataset.files},
        retry_if_failed=RETRIES,
    )


def _fetch(keeper: Any, dataset: Dataset, path: str) -> None:
    from requests import RequestException

    url = dataset.url(path)
    try:
        keeper.fetch(path, downloader=_downloader(dataset, path))
    except RequestException as error:
        raise DataError(f"{url} cannot be downloaded ({_reason(error)}). {ELSEWHERE}") from None
    except ValueError:
        raise DataError(f"{url} did not give the pinned content (its SHA-256 differs). {ELSEWHERE}") from None
    except OSError as error:
        raise _unwritable(keeper.abspath / path, error) from None


def _unwritable(path: Path, error: OSError) -> DataError:
    reason = f"{path} cannot be written: {error.strerror or error}."
    return DataError(f"{reason} Free some space, or name another folder in FORETELL_CACHE.")


ELSEWHERE = "Try again, or let FORETELL_DATA name a folder that mirrors the public tables."


def _downloader(dataset: Dataset, path: str) -> Any:
    from pooch import HTTPDownloader

    # Files are small; read whole, an answer that breaks off closes its connection.
    plain = HTTPDownloader(timeout=TIMEOUT, stream=False)
    extract = dataset.extracts.get(path)
    if extract is None:
        return plain

    def download_and_cut(url: str, output_file: str, keeper: Any) -> None:
        plain(url, output_file, keeper)
        text = Path(output_file).read_text(encoding="utf-8")
        Path(output_file).write_text(extract.cut(text), encoding="utf-8", newline="")

    return download_and_cut


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code} {response.reason}"
    return type(error).__name__
