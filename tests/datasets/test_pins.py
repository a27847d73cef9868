import hashlib

from foretell.datasets import DATASETS, pins


def test_every_pin_is_a_sha256():
    for dataset in DATASETS.values():
        assert dataset.files
        for path, digest in dataset.files.items():
            assert len(bytes.fromhex(digest)) == 32, path


def test_pins_are_what_write_pins_writes(tmp_path, monkeypatch):
    (tmp_path / "hashes").mkdir()
    monkeypatch.setattr(pins, "__file__", str(tmp_path / "pins.py"))
    (tmp_path / "b=1.csv").write_bytes(b"b")
    (tmp_path / "a.csv").write_bytes(b"a")
    written = pins.write_pins("toy", tmp_path, ["b=1.csv", "a.csv"])
    assert written == tmp_path / "hashes" / "toy.txt"
    assert pins.parse_pins(written.read_text()) == {
        "a.csv": hashlib.sha256(b"a").hexdigest(),
        "b=1.csv": hashlib.sha256(b"b").hexdigest(),
    }


def test_pinning_again_without_a_change_changes_nothing(mirror, tmp_path, monkeypatch):
    (tmp_path / "hashes").mkdir()
    monkeypatch.setattr(pins, "__file__", str(tmp_path / "pins.py"))
    for dataset in DATASETS.values():
        written = pins.write_pins(dataset.name, mirror / dataset.folder)
        assert pins.parse_pins(written.read_text()) == dataset.files
