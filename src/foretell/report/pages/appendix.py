"""The appendix of a page: the data, what `check` found, the laws, and who made it when with what."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from foretell.report.format import DASH, number, percent
from foretell.report.pages.page import heading, listed, paragraph, table
from foretell.units import format_quantity

Plain = Mapping[str, Any]
MOST_CANDIDATES = 12  # that carried a forecast


def appendix(result: Plain) -> list[str]:
    """Return the appendix of any result; what a result does not carry is left out."""
    return [heading("Appendix"), *_notes(result), *_data(result), *_check(result), *_laws(result), *_making(result)]


def _notes(result: Plain) -> Iterator[str]:
    if result.get("warnings"):
        yield heading("To know", 3)
        yield listed([warning["message"] for warning in result["warnings"]])


def _data(result: Plain) -> Iterator[str]:
    data = result.get("data")
    if not data:
        return
    ranges = [
        [name, " to ".join(format_quantity(end) for end in span)] for name, span in data["ranges"].items() if span
    ]
    facts = [
        [
            "rows, runs",
            f"{data['n_rows']:,} rows, {data['n_runs']:,} runs, {data['n_finished_runs']:,} of them finished",
        ],
        ["families", ", ".join(f"{each['family']} ({each['n_runs']} runs)" for each in data["families"])],
        *ranges,
        ["losses", ", ".join(data["losses"]) or DASH],
        ["tasks", ", ".join(data["tasks"]) or DASH],
        ["sources of data", ", ".join(data["sources"]) or DASH],
        *([key, str(data["metadata"][key])] for key in KNOWN if data["metadata"].get(key)),
        *_taught(result),
    ]
    yield table("The table", ("what", "value"), facts, text=True)


KNOWN = ("n_params_kind", "flops_convention", "general_loss", "source", "citation")


def _taught(result: Plain) -> list[list[str]]:
    return [
        [
            f"training rows, {each['family']}",
            f"{each['n_checkpoints']:,} checkpoints of {len(each['runs'])} runs, the largest of "
            f"{format_quantity(each['largest_flops'])} FLOPs",
        ]
        for each in result.get("training", ())
    ]


def _check(result: Plain) -> Iterator[str]:
    if "check" not in result:
        return
    rows = [[each["severity"], each["code"], each["message"]] for each in result["check"]]
    if rows:
        yield table("What check found in the table", ("severity", "code", "what, and the fix"), rows, text=True)
    else:
        yield paragraph("check found nothing in the table.")


def _laws(result: Plain) -> Iterator[str]:
    rows = [_law_cells(law) for law in result.get("laws", ())]
    if rows:
        heads = ("of", "law", "parameters, with standard errors", "spread of a run", "points", "status")
        yield table("Laws", heads, rows, text=True)
    carried = [each for each in result.get("candidates", ()) if each["carries"]]
    if carried:
        heads = ("candidate", "weight", "error in rehearsals, points")
        cells = [[each["candidate"], percent(each["weight"]), number(each["rehearsal_error"])] for each in carried]
        yield table(f"What {result['method']} averaged", heads, cells[:MOST_CANDIDATES])
        if len(carried) > MOST_CANDIDATES:
            yield paragraph(f"And {len(carried) - MOST_CANDIDATES} more, of the same weight.", "quiet")


def _law_cells(law: Plain) -> list[str]:
    spread = DASH if law.get("spread") is None else f"{law['spread']:.3g}"
    known = (law["of"], law["law"], "; ".join(_parameters(law)), spread)
    return [*known, f"{law.get('n_points', DASH)}", str(law.get("status", DASH))]


def _parameters(law: Plain) -> Iterator[str]:
    """Yield each parameter: those of a law with standard errors, or the averages that `auto` tells of."""
    errors = law.get("standard_errors", {})
    for name, unit in law.get("units", {}).items():
        error = f" ± {errors[name]:.2g}" if errors.get(name) is not None else ""
        value = DASH if law[name] is None else f"{law[name]:.4g}"
        yield f"{name} = {value}{error}{'' if unit == '1' else f' {unit}'}"
    if "terms" in law:
        yield f"E = {law['E']:.4g}"
    for name, term in law.get("terms", {}).items():
        at = format_quantity(term["at"])
        yield f"{name}: {term['loss']:.4g} at {at}, exponent {term['exponent']:.4g}"


def _making(result: Plain) -> Iterator[str]:
    facts = [[name, str(result[key])] for name, key in MADE if result.get(key) is not None]
    inputs, code = result.get("inputs", {}), result.get("code", {})
    facts += [[name.replace("_", " "), str(value)] for name, value in inputs.items() if value is not None]
    facts += [[name, str(value)] for name, value in code.items() if value is not None]
    if "seal" in result:
        facts.append(["seal, SHA-256", result["seal"]["sha256"]])
    yield table("How it was made", ("what", "value"), facts, text=True)


MADE: Sequence[tuple[str, str]] = (
    ("command", "command"),
    ("made at (UTC)", "made_at"),
    ("table", "runs"),
    ("training rows", "train"),
    ("held out", "holdout"),
    ("method", "method"),
    ("level", "level"),
    ("seed", "seed"),
    ("resamples", "resamples"),
    ("seconds", "seconds"),
)
