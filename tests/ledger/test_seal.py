"""The seal: the same content has the same hash, and no edit goes unnoticed."""

import json
import math
from copy import deepcopy

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.methods.ladder import METADATA

from foretell.errors import DataError
from foretell.io import load_runs, write_table
from foretell.ledger.canonical import canonical
from foretell.ledger.command import command_line
from foretell.ledger.inputs import content_hash, describe_inputs
from foretell.ledger.seal import require_whole, sealed
from foretell.runs import build_runs

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), PLAIN, max_size=5))
def test_a_seal_holds_through_a_file_however_it_is_laid_out(plain):
    record = sealed(plain)
    for indent in (None, 2):
        require_whole(json.loads(json.dumps(record, indent=indent)), "F.json")
    turned = dict(reversed(json.loads(json.dumps(record)).items()))
    require_whole(turned, "F.json")


@given(st.dictionaries(st.text(min_size=1), PLAIN, min_size=1, max_size=4), st.data())
def test_any_changed_value_breaks_the_seal(plain, data):
    record = sealed(plain)
    name = data.draw(st.sampled_from(sorted(key for key in record if key != "seal") or ["new"]))
    other = data.draw(PLAIN.filter(lambda value: canonical(value) != canonical(record.get(name, "unset"))))
    with pytest.raises(DataError, match=r"^F\.json was changed after it was sealed"):
        require_whole({**record, name: other}, "F.json")


def test_a_number_changed_in_its_last_digit_is_seen(record):
    edited = deepcopy(record)
    edited["forecasts"][0]["forecast"] = math.nextafter(edited["forecasts"][0]["forecast"], 1.0)
    with pytest.raises(DataError, match="was changed after it was sealed"):
        require_whole(edited, "F.json")


def test_an_added_or_dropped_key_is_seen(record):
    for edited in ({**record, "note": "x"}, {key: value for key, value in record.items() if key != "made_at"}):
        with pytest.raises(DataError, match="was changed after it was sealed"):
            require_whole(edited, "F.json")


def test_a_record_says_what_it_was_made_from_by_what_when_and_how(record, small):
    assert record["inputs"]["content_sha256"] == content_hash(small)
    assert record["inputs"]["n_rows"] == small.frame.height
    assert record["code"]["foretell"]
    assert record["code"]["jax"]
    assert record["made_at"].endswith("+00:00")
    assert record["command"] == "foretell forecast x"
    assert record["seed"] == 0
    assert record["laws"]
    assert record["data"]["n_runs"] == small.frame["run"].n_unique()
    assert isinstance(record["check"], list)


def test_one_table_has_one_content_hash_in_every_form_and_order(small, tmp_path):
    paths = [write_table(small, tmp_path / f"t{ending}") for ending in (".parquet", ".csv", ".jsonl")]
    described = [describe_inputs(load_runs(path), path) for path in paths]
    assert {each["content_sha256"] for each in described} == {content_hash(small)}
    assert len({each["file_sha256"] for each in described}) == 3
    shuffled = small.frame.sample(fraction=1.0, shuffle=True, seed=1).select(sorted(small.frame.columns))
    assert content_hash(build_runs(shuffled, METADATA)) == content_hash(build_runs(small.frame, METADATA))


def test_another_value_or_another_metadata_is_another_content(small):
    changed = small.frame.with_columns(pl.col("loss/web") + 1e-12)
    assert content_hash(build_runs(changed, small.metadata)) != content_hash(small)
    assert content_hash(build_runs(small.frame)) != content_hash(small)


def test_a_hole_is_not_a_zero(small):
    first = pl.int_range(pl.len()) == 0
    hashes = {
        content_hash(
            build_runs(
                small.frame.with_columns(pl.when(~first).then("score/piqa").otherwise(value).alias("score/piqa"))
            )
        )
        for value in (pl.lit(0.0), pl.lit(None))
    }
    assert len(hashes) == 2


def test_a_public_table_is_hashed_by_its_pins(public):
    runs = public("chinchilla")
    assert len(describe_inputs(runs, "chinchilla")["file_sha256"]) == 64
    assert describe_inputs(runs, runs.frame)["file_sha256"] is None


def test_a_command_can_be_typed_again():
    words = ["forecast", "a b.csv", "--train", "run NOT LIKE '%x'", "it's $5"]
    assert command_line(words) == """foretell forecast 'a b.csv' --train "run NOT LIKE '%x'" 'it'"'"'s $5'"""
