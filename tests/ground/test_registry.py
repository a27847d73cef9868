import pytest

from foretell.errors import UnknownName
from foretell.registry import Registry


@pytest.fixture
def laws():
    return Registry("law", {"power": 1, "chinchilla": 2})


def test_it_is_a_mapping_in_the_order_of_its_entries(laws):
    assert list(laws) == ["power", "chinchilla"]
    assert len(laws) == 2
    assert dict(laws) == {"power": 1, "chinchilla": 2}
    assert laws["chinchilla"] == 2
    assert "power" in laws
    assert "linear" not in laws


def test_a_miss_explains_itself(laws):
    with pytest.raises(
        UnknownName, match=r"^Unknown law 'chinchila'\. Did you mean 'chinchilla'\? Known: chinchilla, power\.$"
    ):
        laws["chinchila"]


def test_it_cannot_be_changed_from_outside():
    entries = {"power": 1}
    laws = Registry("law", entries)
    entries["linear"] = 2
    assert list(laws) == ["power"]
    with pytest.raises(TypeError, match="does not support item assignment"):
        laws["linear"] = 2
