"""One folder for all that is kept between runs."""

import sys
from pathlib import Path

import pytest

from foretell.io.cache import cache_folder


@pytest.mark.skipif(sys.platform == "win32", reason="HOME is a home elsewhere")
def test_a_tilde_in_the_named_folder_is_the_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FORETELL_CACHE", "~/fc")
    assert cache_folder() == tmp_path / "fc"


@pytest.mark.parametrize("named", [None, ""])
def test_without_a_name_it_is_in_the_user_s_cache(monkeypatch, named):
    monkeypatch.delenv("FORETELL_CACHE", raising=False)
    if named is not None:
        monkeypatch.setenv("FORETELL_CACHE", named)
    assert cache_folder().is_absolute()
    assert "foretell" in Path(cache_folder()).parts
