"""No importer executes what it reads; what it reads is bounded, and stays where it is."""

import ast
import io
import json
import os
import pickle
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

import foretell.importers
from foretell.errors import DataError, ForetellError
from foretell.importers import import_runs, safe_json, unpack

SOURCES = sorted(Path(foretell.importers.__file__).parent.glob("*.py"))
FORBIDDEN = {"pickle", "yaml", "marshal", "shelve", "dill", "cloudpickle", "joblib", "torch", "subprocess"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_importer_knows_a_library_that_executes(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {name.split(".")[0] for name in names} & FORBIDDEN
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec", "compile", "__import__"}


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("exploded",)


def test_a_pickle_beside_a_state_is_not_opened(tmp_path, monkeypatch, sample):
    monkeypatch.chdir(tmp_path)
    folder = sample("hf-trainer.tar.xz")
    for place in folder.rglob("trainer_state.json"):
        (place.parent / "training_args.bin").write_bytes(pickle.dumps(Bomb()))
    assert import_runs("hf-trainer", folder).frame.height > 0
    assert not (tmp_path / "exploded").exists()


YAML_BOMB = "run_id: abc\nrun_name: !!python/object/apply:os.mkdir [exploded]\nstatus: 3\nlifecycle_stage: active\n"


def test_a_tag_of_yaml_that_would_call_something_is_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "mlruns" / "1" / "abc"
    (run / "metrics").mkdir(parents=True)
    (run / "meta.yaml").write_text(YAML_BOMB)
    (run / "metrics" / "eval_loss").write_text("1 3.5 100\n2 3.4 200\nnonsense\n")
    found = import_runs("mlflow", tmp_path / "mlruns")
    assert found.frame["loss/validation"].to_list() == [3.5, 3.4]
    assert found.frame["run"][0].startswith("!!python/object")
    assert ("line of eval_loss", 1) in [(each.what, each.count) for each in found.skipped]
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("depth", [101, 500, 200_000])
def test_json_of_any_depth_ends_in_a_sentence(tmp_path, depth):
    (tmp_path / "trainer_state.json").write_text("[" * depth + "]" * depth)
    with pytest.raises(DataError, match=r"trainer_state\.json: it is nested more than 100 deep\. Flatten it\.$"):
        import_runs("hf-trainer", tmp_path)


def test_deep_lines_of_samples_are_counted_and_left(sample):
    folder = sample("lm-eval.tar.xz")
    path = min(folder.rglob("samples_colours_one*.jsonl"))
    path.write_text("[" * 100_000 + "\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    found = import_runs("lm-eval", folder, columns={"score/*": "*/acc"})
    assert (f"line of {path.name}", 1) in [(each.what, each.count) for each in found.skipped]
    assert found.frame["task_loss/colours_one"].null_count() == 1  # the line may have been an item


def test_json_of_any_size_ends_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(safe_json, "MOST_BYTES", 1000)
    (tmp_path / "trainer_state.json").write_text(json.dumps({"log_history": ["x" * 2000], "global_step": 1}))
    with pytest.raises(DataError, match=r"2,\d+ bytes, and 1,000 is the most for a JSON file\. Split it\.$"):
        import_runs("hf-trainer", tmp_path)


def zipped(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr(name, "{}")
    return tmp_path / "evil.zip"


def tarred(tmp_path, name):
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = 2
        archive.addfile(member, io.BytesIO(b"{}"))
    return tmp_path / "evil.tar.gz"


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize(
    "name", ["../outside.json", "/outside.json", "a/../../outside.json", "c:/outside.json", "..\\outside.json"]
)
def test_a_path_that_leads_out_of_an_archive_is_refused(tmp_path, pack, name):
    with pytest.raises(DataError, match=r"leads out of the archive\. Do not trust it\.$"):
        import_runs("hf-trainer", pack(tmp_path, name))
    assert not list(tmp_path.parent.rglob("outside.json"))


def test_a_link_in_an_archive_is_not_followed(tmp_path):
    (tmp_path / "secret.json").write_text('{"log_history": [], "global_step": 1}')
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        link = tarfile.TarInfo("trainer_state.json")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret.json")
        archive.addfile(link)
    with pytest.raises(DataError, match=r"there is no trainer_state\.json in it"):
        import_runs("hf-trainer", tmp_path / "links.tar")


def test_an_archive_that_grows_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "MOST_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("trainer_state.json", "0" * 10_000_000)
    with pytest.raises(DataError, match="are more than is unpacked"):
        import_runs("hf-trainer", tmp_path / "bomb.zip")


def zip_with(tmp_path, place, value):
    """A zip with another number in both headers of its member; `place` is where it stands in the local one."""
    path = zipped(tmp_path, "trainer_state.json")
    content = bytearray(path.read_bytes())
    for start, shift in ((content.index(b"PK\x03\x04"), 0), (content.index(b"PK\x01\x02"), 2)):
        content[start + place + shift : start + place + shift + 2] = struct.pack("<H", value)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (6, 1, r"evil\.zip: its member 'trainer_state\.json' is encrypted\. Unpack it yourself\.$"),
        (8, 97, r"evil\.zip is packed in a way that is not known here: .*\. Unpack it yourself\.$"),
        (8, 8, r"evil\.zip cannot be unpacked: .*\. Is it complete\?$"),
    ],
)
def test_a_zip_that_cannot_be_opened_ends_in_a_sentence(tmp_path, place, value, sentence):
    with pytest.raises(DataError, match=sentence):
        import_runs("hf-trainer", zip_with(tmp_path, place, value))


def test_a_link_in_a_folder_is_not_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "trainer_state.json").write_text("{}")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "linked").symlink_to(outside)
    (inside / "trainer_state.json").symlink_to(outside / "trainer_state.json")
    with pytest.raises(DataError, match=r"there is no trainer_state.* \(1 are links, which are not followed\)\. Name"):
        import_runs("hf-trainer", inside)


BROKEN = [b"", b"\0" * 100, b"{", b"[]", b"null", bytes(range(256)) * 50, b"a,b\n1,2\n", b'{"results": 3}']
PLACES = {
    "table": "t.csv",
    "lm-eval": "results_1.json",
    "wandb": "run-x.wandb",
    "tensorboard": "events.out.tfevents.1",
    "mlflow": "mlflow.db",
    "hf-trainer": "trainer_state.json",
    "olmo": "x.csv",
    "open-lm": "model.json",
    "torchtitan": "events.out.tfevents.1",
    "nanochat": "results.csv",
    "olmix": "ratios.csv",
    "regmix": "train_mixture_1m.csv",
}


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
@pytest.mark.parametrize("kind", PLACES)
def test_files_of_any_content_end_in_a_sentence(tmp_path, kind, content):
    (tmp_path / PLACES[kind]).write_bytes(content)
    for source in (tmp_path, tmp_path / PLACES[kind]):
        with pytest.raises(ForetellError) as caught:
            import_runs(kind, source)
        assert str(caught.value).endswith((".", "?")), caught.value


def test_a_tensorboard_file_that_was_cut_off_gives_what_it_has(sample):
    folder = sample("tensorboard.tar.xz")
    path = max(folder.rglob("*tfevents*"), key=lambda each: each.stat().st_size)
    path.write_bytes(path.read_bytes()[:-10])
    found = import_runs("tensorboard", folder)
    assert (f"end of {path.name}", 1) in [(each.what, each.count) for each in found.skipped]


def test_a_run_file_of_wandb_that_was_cut_off_is_a_running_one(sample):
    folder = sample("wandb.tar.xz")
    path = min(folder.rglob("*.wandb"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    found = import_runs("wandb", folder)
    assert [each.count for each in found.skipped if each.what == path.name] == [1]
    assert set(found.frame.filter(status="running")["is_final"]) == {False}
    assert found.frame.filter(status="running")["run"].n_unique() == 1


def test_a_wrong_checksum_in_a_run_file_of_wandb_is_counted(tmp_path, sample):
    folder = sample("wandb.tar.xz")
    path = min(folder.rglob("*.wandb"))
    content = bytearray(path.read_bytes())
    content[-20] ^= 0xFF
    path.write_bytes(content)
    found = import_runs("wandb", folder)
    assert [each.why for each in found.skipped if each.what == path.name] == ["a block with a wrong checksum"]


def test_records_of_wandb_may_span_blocks(tmp_path):
    from foretell.importers.wandb_records import BLOCK, read_records

    records = [b"a" * 10, b"b" * 50_000, b"c" * 100_000, b"d"]
    content = bytearray(struct.pack("<4sHB", b":W&B", 0xBEE1, 0))
    for record in records:
        rest, first = record, True
        while rest or first:
            room = BLOCK - len(content) % BLOCK
            if room < 7:
                content += b"\0" * room
                continue
            piece, rest = rest[: room - 7], rest[room - 7 :]
            kind = (1 if not rest else 2) if first else (3 if rest else 4)
            content += struct.pack("<IHB", zlib.crc32(piece, zlib.crc32(bytes([kind]))), len(piece), kind) + piece
            first = False
    (tmp_path / "run-x.wandb").write_bytes(content)
    broken = []
    assert list(read_records(tmp_path / "run-x.wandb", broken.append, lambda _: None)) == records
    assert broken == []


def test_a_pipe_is_no_file_to_wait_for(tmp_path):
    os.mkfifo(tmp_path / "results_1.json")
    with pytest.raises(DataError, match=r"there is no results\*\.json in it"):
        import_runs("lm-eval", tmp_path)


def test_a_header_of_an_archive_is_bounded_too(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "LONGEST_HEADER", 1000)
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("a/" * 2000 + "trainer_state.json"))
    with pytest.raises(DataError, match=r"bomb\.tar\.gz: a header of 4,019 bytes\. Do not trust it\.$"):
        import_runs("hf-trainer", tmp_path / "bomb.tar.gz")


def test_a_name_in_an_archive_that_no_file_can_have_ends_in_a_sentence(tmp_path):
    with tarfile.open(tmp_path / "null.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a")
        member.size, member.pax_headers = 2, {"path": "a\0b/trainer_state.json"}
        archive.addfile(member, io.BytesIO(b"{}"))
    with pytest.raises(DataError, match=r"null\.tar cannot be unpacked: embedded null byte\. Is it complete\?$"):
        import_runs("hf-trainer", tmp_path / "null.tar")
