"""The appendix of a page: the data, what `check` found, the laws, and who made it when with what."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from foretell.report.format import DASH, percent
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
        columns = ("candidate", "weight", "why")
        cells = [[each["candidate"], percent(each["weight"]), each["why"]] for each in carried]
        yield table(f"What {result['method']} averaged", columns, cells[:MOST_CANDIDATES], text=True)
        if len(carried) > MOST_CANDIDATES:
            yield paragraph(f"And {len(carried) - MOST_CANDIDATES} more, of the same weight.", "quiet")


def _law_cells(law: Plain) -> list[str]:
    parameters = "; ".join([*_named_parameters(law), *_averaged_parameters(law)])
    spread = DASH if law.get("spread") is None else f"{law['spread']:.3g}"
    return [law["of"], law["law"], parameters, spread, f"{law.get('n_points', DASH)}", str(law.get("status", DASH))]


def _named_parameters(law: Plain) -> Iterator[str]:
    """Yield each parameter of a law with its unit."""
    errors = law.get("standard_errors", {})
    for name, unit in law.get("units", {}).items():
        yield f"{name} = {_with_error(law[name], errors.get(name))}{'' if unit == '1' else f' {unit}'}"


def _averaged_parameters(law: Plain) -> Iterator[str]:
    """Yield floor and terms of a law whose exponents were averaged over."""
    if "terms" not in law:
        return
    yield f"E = {_with_error(law['E'], law.get('standard_errors', {}).get('E'))}"
    for name, term in law["terms"].items():
        errors = term.get("standard_errors", {})
        loss, exponent = (_with_error(term[key], errors.get(key)) for key in ("loss", "exponent"))
        yield f"{name}: {loss} at {format_quantity(term['at'])}, exponent {exponent}"


def _with_error(value: float | None, error: float | None) -> str:
    if value is None:
        return DASH
    return f"{value:.4g}" if error is None else f"{value:.4g} ± {error:.2g}"


def _making(result: Plain) -> Iterator[str]:
    code, inputs = result.get("code", {}), result.get("inputs", {})
    facts = [[name, str(result[key])] for name, key in MADE if result.get(key) is not None]
    facts += [[name, str(inputs[key])] for name, key in INPUTS if inputs.get(key) is not None]
    facts += [[name, str(value)] for name, value in code.items() if value is not None and name != "changed"]
    facts += [["uncommitted changes", "yes"]] if code.get("changed") else []
    facts += [["seal, SHA-256", result["seal"]["sha256"]]] if "seal" in result else []
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
INPUTS: Sequence[tuple[str, str]] = (
    ("file of the table, SHA-256", "file_sha256"),
    ("content of the table, SHA-256", "content_sha256"),
)
