import pytest

from foretell.errors import DataError, Finding, FitError, ForetellError, MissingExtra, UnknownName


@pytest.mark.parametrize("kind", [DataError, FitError, UnknownName, MissingExtra])
def test_one_except_clause_catches_everything_raised_on_purpose(kind):
    assert issubclass(kind, ForetellError)


def test_an_unknown_name_suggests_the_nearest_and_lists_the_known_in_order():
    error = UnknownName("law", "chinchila", ["power", "linear", "chinchilla"])
    assert str(error) == "Unknown law 'chinchila'. Did you mean 'chinchilla'? Known: chinchilla, linear, power."


def test_an_unknown_name_far_from_all_gets_no_suggestion():
    assert str(UnknownName("task", "xyz", ["mmlu"])) == "Unknown task 'xyz'. Known: mmlu."


def test_an_unknown_name_where_nothing_is_known_says_none():
    assert str(UnknownName("task", "mmlu", [])) == "Unknown task 'mmlu'. Known: none."


def test_a_missing_extra_says_what_to_install():
    assert str(MissingExtra("foretell serve", "web")) == 'foretell serve needs an extra: pip install "foretell[web]".'


def test_a_finding_reads_where_what_fix():
    finding = Finding("non-positive-count", "error", "n_tokens is 0.", "row 14", "Wrong size.", "Drop the row.")
    assert str(finding) == "row 14: n_tokens is 0. Drop the row."
    assert finding.to_dict() == {
        "code": "non-positive-count",
        "severity": "error",
        "what": "n_tokens is 0.",
        "where": "row 14",
        "why": "Wrong size.",
        "fix": "Drop the row.",
        "message": "row 14: n_tokens is 0. Drop the row.",
    }


def test_a_finding_about_a_whole_table_has_no_place_and_no_stray_space():
    assert str(Finding("finals-assumed", "warning", "No finals.")) == "No finals."


def test_equal_findings_are_one_in_a_set():
    assert len({Finding("a", "note", "b"), Finding("a", "note", "b")}) == 1
