"""`foretell reproduce`: a table or JSON, and names that suggest the nearest one."""

import json

from foretell.reproductions import REPRODUCTIONS


def test_json_has_every_row_with_its_digits(cli, from_mirror):
    shown = cli("reproduce", "gadre", "--json")
    assert (shown.code, shown.err) == (0, "")
    told = json.loads(shown.out)["reproductions"]
    assert list(told) == ["gadre"]
    assert set(told["gadre"]) == {"title", "reference", "note", "rows", "seconds"}
    first = told["gadre"]["rows"][0]
    assert {"quantity", "published", "ours", "digits", "published_digits", "reason", "source", "unit"} <= set(first)
    assert (first["published"], first["digits"], first["published_digits"]) == ("0.7103", 4, 4)


def test_text_shows_both_numbers_the_digits_and_the_reasons(cli, from_mirror):
    shown = cli("reproduce", "gadre")
    assert (shown.code, shown.err) == (0, "")
    line = next(line for line in shown.out.splitlines() if "RedPajama, 6.9B at M = 20: loss" in line)
    assert [cell.strip() for cell in line.strip("│").split("│")][1:] == ["0.7320 %", "0.7320 %", "4 of 4"]
    assert "(1) Not stated in the sources that we have" in shown.out


def test_an_unknown_name_is_met_with_the_nearest_one(cli):
    shown = cli("reproduce", "chinchila")
    assert (shown.code, shown.out) == (1, "")
    assert shown.err.startswith("foretell: Unknown reproduction 'chinchila'. Did you mean 'chinchilla'? Known: ")


def test_the_help_names_every_reproduction(cli):
    shown = " ".join(cli("reproduce", "--help").out.split())
    assert all(name in shown for name in REPRODUCTIONS)
