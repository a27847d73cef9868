"""Data sets of the hub, streamed; here from a folder laid out as one, without any network."""

import numpy as np
import pytest

from foretell.errors import DataError
from foretell.ladder.layout import Layout
from foretell.ladder.read_plan import read_plan

pytest.importorskip("datasets")
pytest.importorskip("transformers")

from foretell.ladder.prepare import prepare

FILES = 'files = ["prose.jsonl"]\nheld_out = ["prose-held.txt"]'


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def test_a_streamed_data_set_gives_the_tokens_of_its_file(offline, write_plan, text_folder, tmp_path):
    (text_folder / "prose-on-the-hub").mkdir(exist_ok=True)
    (text_folder / "prose-on-the-hub" / "train.jsonl").write_bytes((text_folder / "prose.jsonl").read_bytes())
    local = prepare(read_plan(write_plan()), Layout(tmp_path / "local"))
    plan = read_plan(write_plan((FILES, 'hub = "prose-on-the-hub"\nheld_out = ["prose-held.txt"]')))
    streamed = prepare(plan, Layout(tmp_path / "streamed"))
    assert np.array_equal(streamed.train["prose"].read(), local.train["prose"].read())
    assert streamed.train["prose"].n_documents == local.train["prose"].n_documents == 300


def test_the_first_documents_of_a_stream_can_be_held_out(offline, write_plan, text_folder, tmp_path):
    (text_folder / "prose-on-the-hub").mkdir(exist_ok=True)
    (text_folder / "prose-on-the-hub" / "train.jsonl").write_bytes((text_folder / "prose.jsonl").read_bytes())
    plan = read_plan(write_plan((FILES, 'hub = "prose-on-the-hub"\nheld_out_documents = 20')))
    prepared = prepare(plan, Layout(tmp_path))
    assert prepared.held_out["prose"].n_documents == 20
    assert prepared.train["prose"].n_documents == 280


def test_a_hub_that_cannot_be_reached_is_told(offline, write_plan, tmp_path):
    plan = read_plan(write_plan((FILES, 'hub = "nobody/nothing"\nheld_out = ["prose-held.txt"]')))
    with pytest.raises(DataError, match=r"source prose, hub data set nobody/nothing cannot be read: .*nobody/nothing"):
        prepare(plan, Layout(tmp_path))
