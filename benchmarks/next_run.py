"""Whether the advised next run sharpens a forecast more than a random one of no greater cost.

    python benchmarks/next_run.py            # 300 starts, a minute

Each start is a random set of six of the OLMo ladder's runs of up to 1.3B, of three sizes or more.
The planner, which looks at sizes only, advises which of the other finished runs of up to 3B to add;
it is compared with random ones that cost less, with random ones that cost no more and no less than a
third, and with adding none. `auto`'s law of
loss is fitted to each set and asked for the C4 loss of the 7B and the 13B, whose rows no choice
looks at. Writes docs/next-run.md.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foretell.fitting.loss_grid import fit_loss_grid
from foretell.io import load_runs
from foretell.methods.auto.loss_law import LARGE_RUNS
from foretell.planning.belief import published
from foretell.planning.evidence import Evidence
from foretell.planning.known import Known, finished
from foretell.planning.next_run import best_next
from foretell.planning.sizes import Sizes

PAGE = Path(__file__).parents[1] / "docs" / "next-run.md"
HEAD = """\
# The advised next run against random ones

`python benchmarks/next_run.py` writes this page. {n_starts} random starts of six of the OLMo ladder's runs of up to
1.3B, of three sizes or more. To each is added the run that `foretell plan --have` would train next among those that
exist up to 3B (it looks at sizes only), or a random cheaper one, or a random one of like cost (a third to all of the
advised one's). `auto`'s law of loss, fitted to the seven, is off from the C4 loss of the targets by, on average:

| target | six runs | and a cheaper one | and one of like cost | and the advised one | better than like cost in |
|---|---|---|---|---|---|"""
LOSS, TARGETS = "loss/c4_en", ("7B-4T", "13B-5T")
START, LARGEST_START = 6, 1.4e9
RANDOM = 5  # random runs a start
LIKE = 3.0  # times less, that a run of like cost may cost


@dataclass(frozen=True, eq=False)
class Setting:
    """The runs that may be chosen, and what they are asked for."""

    known: Known
    at: Sizes
    actual: np.ndarray
    covariance: np.ndarray
    noise: float

    def advised(self, start: list[int]) -> int:
        """Return the run to add for the first target."""
        given = Evidence(self.covariance, self.noise).given(start)
        others = [i for i in range(len(self.known.runs)) if i not in start]
        kept = [*others, len(self.known.runs)]
        left = Evidence(given.covariance[:, kept][:, :, kept], self.noise)
        return others[best_next(left, self.known.sizes.take(others))[0]]

    def errors(self, chosen: list[int]) -> np.ndarray | None:
        """Return the relative errors at the targets; None where no law falls."""
        sizes, loss = self.known.sizes.take(chosen), self.known.loss[chosen]
        weights = (sizes.flops / sizes.flops.max()) ** LARGE_RUNS
        grid = fit_loss_grid(loss, np.stack([sizes.n_params, sizes.n_tokens]), weights)
        return (
            None
            if grid is None
            else np.abs(grid.value(np.stack([self.at.n_params, self.at.n_tokens])) / self.actual - 1)
        )


def setting() -> Setting:
    table = load_runs("olmo-ladder")
    known = finished(table.where(f"run NOT IN {TARGETS}"), None, LOSS)
    targets = finished(table.where(f"run IN {TARGETS}"), None, LOSS)
    belief = published()
    covariance = belief.covariance(known.sizes + targets.sizes.take([0]))
    return Setting(known, targets.sizes, targets.loss, covariance, belief.noise)


def start_of(setting: Setting, rng: np.random.Generator) -> list[int]:
    small = np.flatnonzero(setting.known.sizes.n_params < LARGEST_START)
    while True:
        start = rng.choice(small, START, replace=False).tolist()
        if len(np.unique(setting.known.sizes.n_params[start])) >= 3:
            return start


def compared(setting: Setting, rng: np.random.Generator) -> np.ndarray | None:
    """Return errors `(4, 2)` of adding none, a cheaper run, one of like cost, and the advised one."""
    start = start_of(setting, rng)
    advised, flops = setting.advised(start), setting.known.sizes.flops
    others = np.array([i for i in range(len(flops)) if i not in start and i != advised])
    cheaper = others[flops[others] <= flops[advised]]
    alike = cheaper[flops[cheaper] >= flops[advised] / LIKE]
    if not len(alike):
        return None
    means = [_mean_error(setting, start, added, rng) for added in (None, cheaper, alike, np.array([advised]))]
    return None if any(each is None for each in means) else np.stack([np.asarray(each) for each in means])


def _mean_error(
    setting: Setting, start: list[int], added: np.ndarray | None, rng: np.random.Generator
) -> np.ndarray | None:
    if added is None:
        return setting.errors(start)
    drawn = rng.choice(added, min(RANDOM, len(added)), replace=False).tolist()
    found = [setting.errors([*start, i]) for i in drawn]
    known = [each for each in found if each is not None]
    return np.mean(known, axis=0) if known else None


def main() -> None:
    n_starts = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    here, rng = setting(), np.random.default_rng(0)
    found = np.array([each for each in (compared(here, rng) for _ in range(n_starts)) if each is not None])
    rows = []
    for j, name in enumerate(TARGETS):
        none, cheaper, alike, best = (100 * found[:, i, j] for i in range(4))
        cells = [f"{each.mean():.2f} %" for each in (none, cheaper, alike, best)]
        rows.append(f"| {name} | {' | '.join(cells)} | {np.mean(best < alike):.0%} |")
    PAGE.write_text("\n".join([HEAD.format(n_starts=len(found)), *rows, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
