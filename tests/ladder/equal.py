"""Two folders of a ladder, compared bit for bit."""

import polars as pl


def assert_same_ladder(one, other):
    """The same run table, the same checkpoints, the same weights."""
    from safetensors.torch import load_file
    from torch import equal

    assert pl.read_parquet(other / "runs.parquet").equals(pl.read_parquet(one / "runs.parquet"))
    paths = sorted(path.relative_to(one) for path in one.glob("*/step-*/model.safetensors"))
    assert paths
    assert sorted(path.relative_to(other) for path in other.glob("*/step-*/model.safetensors")) == paths
    for path in paths:
        expected, found = load_file(one / path), load_file(other / path)
        assert found.keys() == expected.keys()
        assert all(equal(found[name], expected[name]) for name in expected), path
    assert not list(other.rglob("*.pt"))
