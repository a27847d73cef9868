"""Published numbers beside ours, for a terminal."""

from io import StringIO

from rich.console import Console

from foretell.report.reproductions import reproductions_report
from foretell.reproductions import Compared


def shown(rows, nasty: str) -> str:
    told = {"title": nasty, "reference": "A paper", "note": "How.", "rows": [row.to_dict() for row in rows]}
    console = Console(file=StringIO(), width=120, emoji=False)
    for part in reproductions_report({"reproductions": {"one": told}}):
        console.print(part)
    return console.file.getvalue()


def test_a_reason_is_numbered_and_told_once(nasty):
    rows = [
        Compared("E", 1.81722, "1.8172"),
        Compared("A", 477.8, "482.01", reason=f"Flat. {nasty}"),
        Compared("B", 2143.4, "2085.43", reason=f"Flat. {nasty}"),
        Compared("an error", 1.5, unit="%", reason="Not stated."),
    ]
    text = shown(rows, nasty)
    cells = {line.split("│")[1].strip(): line.split("│")[2:-1] for line in text.splitlines() if line.startswith("│")}
    assert [cell.strip() for cell in cells["E"]] == ["1.8172", "1.8172", "5 of 5"]
    assert [cell.strip() for cell in cells["A"]] == ["482.01", "477.80", "2 of 5 (1)"]
    assert cells["B"][-1].strip() == "1 of 6 (1)"
    assert [cell.strip() for cell in cells["an error"]] == ["-", "1.500 %", "- (2)"]
    assert text.count(f"(1) Flat. {nasty}") == 1
    assert "(2) Not stated." in text
    assert "How." in text
