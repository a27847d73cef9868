"""A file is never seen half-written, and a failure leaves nothing behind."""

import os
import stat

import pytest

from foretell.errors import DataError
from foretell.io import write_atomically


def test_the_file_appears_with_its_content_and_its_folder(tmp_path):
    path = write_atomically(tmp_path / "new" / "a.txt", lambda temporary: temporary.write_text("done"))
    assert path.read_text() == "done"
    assert [file.name for file in path.parent.iterdir()] == ["a.txt"]


def test_an_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write(temporary):
        temporary.write_text("new")
        assert path.read_text() == "old"

    write_atomically(path, write)
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt("stopped")])
def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write(temporary):
        temporary.write_text("hal")
        raise error

    with pytest.raises(type(error), match=str(error)):
        write_atomically(path, write)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_said_in_one_line(tmp_path):
    def write(temporary):
        temporary.write_text("hal")
        raise OSError(28, "No space left on device")

    with pytest.raises(DataError, match=r"a\.txt cannot be written: No space left on device\. Free some space\.$"):
        write_atomically(tmp_path / "a.txt", write)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_said_in_one_line(tmp_path):
    (tmp_path / "folder").write_text("")
    with pytest.raises(DataError, match=r"a\.txt cannot be written: .*\. Choose another place\.$"):
        write_atomically(tmp_path / "folder" / "a.txt", lambda temporary: temporary.write_text("x"))


def test_a_read_only_folder_is_said_in_one_line(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user, such as root, may write everywhere")
        with pytest.raises(DataError, match=r"a\.txt cannot be written: Permission denied\. Choose another place\.$"):
            write_atomically(tmp_path / "a.txt", lambda temporary: temporary.write_text("x"))
    finally:
        tmp_path.chmod(stat.S_IRWXU)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_the_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "usual").write_text("x")
    path = write_atomically(tmp_path / "ours", lambda temporary: temporary.write_text("x"))
    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode
