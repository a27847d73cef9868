"""FLP: the errors that its paper reports, beside those on a table that its authors never saw."""

from foretell.reproductions.reproduction import Compared, Reproduction
from foretell.trusting.backtest import backtest

PAPER = "Chen et al. 2025, TMLR, arXiv:2410.08527"
RUNS = "olmo-ladder"
TRAIN = "n_params <= 3.2e9 AND run NOT LIKE '%rerun' AND run NOT LIKE '%0.5xC'"
PUBLISHED = {"7B-4T": ("7B", "5"), "13B-5T": ("13B", "10")}
OTHER_RUNS = (
    "Their run table is not public: 43M to 3B on RedPajama, six benchmarks of their choice. "
    "Ours are OLMo-2's runs of 190M to 3B and the ladder's eight tasks, so no digit need agree."
)


def compare() -> list[Compared]:
    """Back-test FLP on the OLMo ladder, runs of up to 3B, against the 7B and the 13B."""
    held = ", ".join(f"'{run}'" for run in PUBLISHED)
    score = backtest(RUNS, f"run IN ({held})", train=TRAIN, methods=["flp"], resamples=20).to_dict()["methods"]["flp"]
    rows = []
    for run, (size, text) in PUBLISHED.items():
        ours = 100 * score["by_run"][run]["mean_relative_error"]
        quantity = f"mean relative error of {size} (ours: {run})"
        rows.append(Compared(quantity, ours, text, "%", PAPER, OTHER_RUNS, comparable=False))
    return rows


FLP = Reproduction(
    title="FLP on runs of up to 3B",
    reference=PAPER,
    note="The same method on another table.",
    tables=(RUNS,),
    compare=compare,
)
