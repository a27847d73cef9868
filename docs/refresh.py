"""Keep README and docs true: run their commands, rebuild their tables and pictures.

`python docs/refresh.py` rewrites what has changed; a test fails where anything would.
In a page, every `console` block is a list of `$ foretell ...` commands with their real output,
and everything between `<!-- name -->` and `<!-- /name -->` is written by the function of that name.
"""

import contextlib
import io
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import polars as pl

from foretell.cli import main
from foretell.datasets import DATASETS, pull
from foretell.doctor import CHECKS
from foretell.doctor.repair import REPAIRS
from foretell.importers import importers as known_importers
from foretell.io import load_runs, write_table
from foretell.laws import LAWS
from foretell.methods import METHODS
from foretell.methods.compare import Comparison, compare
from foretell.methods.forecast import forecast
from foretell.planning import belief
from foretell.planning.presets import PRESETS
from foretell.report.table_file import to_latex, to_markdown

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "import").glob("*.md")))
SAMPLES = ROOT / "docs" / "import" / "samples"
CLONES = {"OLMo-ladder": "olmo-ladder", "scaling": "gadre", "regmix": "regmix"}  # as their repositories are called
PRIOR_UNITS = {
    "E": "the logarithm of the floor",
    "A": "the logarithm of Chinchilla's term in parameters, at 3e8",
    "B": "the logarithm of Chinchilla's term in tokens, at 1e10",
    "a": "the logarithm of the over-training law's term in parameters",
    "b": "the logarithm of the over-training law's term in tokens",
    "alpha": "Chinchilla's exponent of parameters",
    "beta": "Chinchilla's exponent of tokens",
    "eta": "the over-training law's exponent, half that of parameters and of tokens",
    "noise": "one run's log loss, as reruns of one size show it",
    "misfit": "the log loss around any law, alike over a distance of two decades",
}
CONSOLE = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
GENERATED = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- /\2 -->)", re.DOTALL)


def refreshed(page: str) -> str:
    """Return a page with every command's output and every generated table as they are now."""
    page = GENERATED.sub(lambda match: f"{match.group(1)}{TABLES[match.group(2)]()}\n{match.group(3)}", page)
    with _beside_samples(page):
        return CONSOLE.sub(lambda match: _rerun(match.group(0)), page)


@contextlib.contextmanager
def _beside_samples(page: str) -> Iterator[None]:
    """Work in a new folder where the samples are, and the repositories that the page's commands name."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("samples").symlink_to(SAMPLES)
        for clone, table in CLONES.items():
            if "$ foretell import" in page and f" {clone}" in page:
                Path(clone).symlink_to(pull(table).resolve())
        yield


def commands(block: str) -> list[str]:
    """Return the commands of a console block, continuation lines joined."""
    return re.findall(r"^\$ ((?:.*\\\n)*.*)", block, re.MULTILINE)


def run(command: str) -> str:
    """Run `foretell ...` in this process and return what it prints on stdout."""
    words = shlex.split(command.replace("\\\n", " "))
    assert words[0] == "foretell", f"only foretell commands belong into a console block: {command}"
    printed = io.StringIO()
    argv, sys.argv = sys.argv, words
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(io.StringIO()),
            contextlib.suppress(SystemExit),
        ):
            main()
    finally:
        sys.argv = argv
    return "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())


def _rerun(block: str) -> str:
    return "\n".join(f"$ {command}\n{run(command)}" for command in commands(block))


def laws() -> str:
    """List the laws with their equations."""
    rows = [
        f"| `{name}` | {_equation(law)} | {', '.join(f'`{i}`' for i in law.inputs)} | {_reference(law)} |"
        for name, law in LAWS.items()
    ]
    return "\n".join(["| law | equation | inputs | reference |", "|---|---|---|---|", *rows])


def methods() -> str:
    """List the methods."""
    rows = [f"| `{name}` | {m.summary} | {m.needs} | {m.reference} |" for name, m in METHODS.items()]
    return "\n".join(["| method | what it does | what it needs | reference |", "|---|---|---|---|", *rows])


def datasets() -> str:
    """List the public tables."""
    rows = [f"| `{name}` | {d.title} | {d.citation} | {d.licence} |" for name, d in DATASETS.items()]
    return "\n".join(["| table | what | paper | licence |", "|---|---|---|---|", *rows])


def importers() -> str:
    """List what can be imported, with a link to the page of each."""
    rows = [f"| [`{kind}`]({kind}.md) | {each.summary} |" for kind, each in known_importers().items()]
    return "\n".join(["| kind | what it reads |", "|---|---|", *rows])


def checks() -> str:
    """List what the table doctor looks for, with the codes of its findings."""
    codes: dict[str, list[str]] = {}
    for code, found in CHECKS.items():
        for check in found:
            codes.setdefault(_summary(check), []).append(f"`{code}`")
    rows = [f"| {summary} | {', '.join(names)} |" for summary, names in codes.items()]
    return "\n".join(["| what it looks for | codes |", "|---|---|", *rows])


def repairs() -> str:
    """List what `check --fix` mends."""
    codes: dict[str, list[str]] = {}
    for code, repair in REPAIRS.items():
        codes.setdefault(_summary(repair), []).append(f"`{code}`")
    rows = [f"| {summary} | {', '.join(names)} |" for summary, names in codes.items()]
    return "\n".join(["| what it does | codes |", "|---|---|", *rows])


def repaired_ladder() -> str:
    """Damage the OLMo ladder in four ways, and show what `check --fix` makes of it."""
    one_run, score = pl.col("run") == "370M-2xC", pl.col("score/piqa")
    runs = load_runs("olmo-ladder").where("n_params <= 3.2e9")
    frame = pl.concat([runs.frame, runs.frame.filter(run="190M-1xC")]).with_columns(
        pl.col("flops") / 1e9,
        pl.when(one_run & (pl.col("step") < 2000)).then(0.0).otherwise(score).alias("score/piqa"),
        pl.col("loss/c4_en") * pl.when(pl.col("run") == "1B-5xC").then(1.06).otherwise(1.0),
    )
    command = "foretell check damaged.parquet --fix --tasks piqa --loss c4_en"
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        write_table(replace(runs, frame=frame), "damaged.parquet")
        return f"```text\n$ {command}\n{run(command)}```"


def table_files() -> str:
    """Write one forecast as Markdown and as LaTeX."""
    runs = load_runs("olmo-ladder").where("n_params <= 3.2e9")
    at, tasks = "n_params=7B,n_tokens=4T", ["hellaswag", "arc_challenge", "piqa"]
    frame = forecast(runs, at, tasks=tasks, method="flp", resamples=200).to_polars()
    frame = frame.select("task", "forecast", "low", "high", "verdict")
    return f"{to_markdown(frame)}\n```latex\n{to_latex(frame)}```"


def presets() -> str:
    """List the published ladders, with what is known of them and what had to be chosen."""
    rows = []
    for name, preset in PRESETS.items():
        facts = (
            "<br>".join(f"{fact[:1].upper()}{fact[1:]}" for fact in each) for each in (preset.known, preset.chosen)
        )
        rows.append(f"| `{name}` | {preset.n_runs} | {' | '.join(facts)} | {preset.reference} |")
    return "\n".join(["| preset | runs | known | chosen | source |", "|---|---|---|---|---|", *rows])


def priors() -> str:
    """List what the planner believes without a table."""
    rows = [f"| `{name}` | {deviation:g} | {PRIOR_UNITS[name]} |" for name, deviation in belief.DEVIATIONS.items()]
    more = {"noise": belief.NOISE, "misfit": belief.MISFIT}
    rows += [f"| {name} | {value:g} | {PRIOR_UNITS[name]} |" for name, value in more.items()]
    return "\n".join(["| prior | standard deviation | of |", "|---|---|---|", *rows])


def leaderboard() -> str:
    """Sum up docs/leaderboard.md: the default, FLP, and the best of the others, by mean absolute error."""
    rows = []
    for section in (ROOT / "docs" / "leaderboard.md").read_text(encoding="utf-8").split("\n## ")[1:]:
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if "|" in line]
        if lines and lines[0][0] == "method":
            found = {cells[0].strip("`"): dict(zip(lines[0], cells, strict=True)) for cells in lines[2:]}
            rows.append(_leaderboard_row(section.splitlines()[0], found))
    heads = "| back-test | `auto` | inside its 90 % | `flp` | best of the others |"
    return "\n".join([heads, "|---|---|---|---|---|", *rows])


def _leaderboard_row(title: str, found: dict[str, dict[str, str]]) -> str:
    absolute = next(head for head in found["auto"] if head.startswith("absolute"))
    unit = " points" if "points" in absolute else " nats"
    best = next(name for name in found if name not in ("auto", "flp"))
    flp = found["flp"][absolute] + unit if "flp" in found else "-"
    cells = (title, found["auto"][absolute] + unit, found["auto"]["inside 90 %"] + " %", flp)
    return f"| {' | '.join(cells)} | {found[best][absolute]}{unit}, `{best}` |"


def recipes() -> str:
    """Compare Gadre's corpora at 6.9B, two by two, with the truth."""
    at, train = "n_params=6889410560,n_tokens=137788211200", "n_params < 1.5e9"
    rows = [
        _recipe_row(pair, compare("gadre", at, pair, train=train, **wanted))
        for wanted in ({"losses": ["c4_val"]}, {"tasks": ["average_17"]})
        for pair in combinations(("c4", "rpj", "rw"), 2)
    ]
    heads = "| first, second | outcome | difference | truth | first is better | came true |"
    return "\n".join([heads, "|---|---|---|---|---|---|", *rows])


def _recipe_row(pair: tuple[str, str], result: Comparison) -> str:
    contest = result.contests[-1]
    column = contest.task if contest.kind == "loss" else f"score/{contest.task}"
    measured = load_runs("gadre").where("n_params > 6e9").frame
    first, second = (measured.filter(family=family)[column].item() for family in pair)
    true = (first < second) == (contest.kind == "loss")
    likely = (contest.p_first_better or 0.0) > 0.5
    cells = (", ".join(pair), f"`{contest.task}`", f"{contest.difference:+.3f}", f"{first - second:+.3f}")
    return f"| {' | '.join(cells)} | {contest.p_first_better:.0%} | {'yes' if true == likely else 'no'} |"


def _equation(law: object) -> str:
    match = re.search(r"\$.*?\$", (law.__doc__ or "").replace("\n", " "))
    return match.group(0).replace("|", r"\|") if match else ""


def _reference(law: object) -> str:
    match = re.search(r"Reference: (.*?)\.?\s*$", " ".join((law.__doc__ or "").split()))
    return match.group(1) if match else ""


def _summary(check: Callable[..., object]) -> str:
    first_paragraph = (check.__doc__ or "").strip().split("\n\n")[0]
    return " ".join(first_paragraph.split()).rstrip(".").replace("|", r"\|")


TABLES: dict[str, Callable[[], str]] = {
    "leaderboard": leaderboard,
    "laws": laws,
    "methods": methods,
    "datasets": datasets,
    "checks": checks,
    "repairs": repairs,
    "repaired_ladder": repaired_ladder,
    "table_files": table_files,
    "importers": importers,
    "recipes": recipes,
    "presets": presets,
    "priors": priors,
}


def rewrite() -> None:
    """Rewrite every page that has changed, and the picture of the demo."""
    for path in PAGES:
        before = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # commands leave files
            after = refreshed(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"rewrote {path.relative_to(ROOT)}")
    run(f"foretell demo -o {ROOT / 'docs' / 'demo.png'}")


if __name__ == "__main__":
    rewrite()
