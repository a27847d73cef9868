"""What a run table tells a planner: sizes and losses of its finished runs."""

from dataclasses import dataclass

import numpy as np

from foretell.errors import DataError
from foretell.fitting.loss_grid import fit_loss_grid
from foretell.planning.belief import Belief, learned
from foretell.planning.sizes import Sizes
from foretell.runs import Runs

FEWEST = 6  # finished runs that laws are learned from


@dataclass(frozen=True, eq=False)
class Known:
    """Finished runs of one family.

    Attributes:
        name: Of the table.
        runs: Their names.
        sizes: Of each run.
        loss: Of each run, nats per token.
    """

    name: str
    runs: tuple[str, ...]
    sizes: Sizes
    loss: np.ndarray

    def belief(self) -> Belief:
        """Return the belief that these runs lead to.

        Raises:
            DataError: there are too few runs, or their losses do not fall.
        """
        if len(self.runs) < FEWEST:
            what = f"{self.name} has {len(self.runs)} finished runs, and a law is learned from {FEWEST} or more."
            raise DataError(f"{what} Plan without --like.")
        inputs = np.stack([self.sizes.n_params, self.sizes.n_tokens])
        grid = fit_loss_grid(self.loss, inputs, np.ones(len(self.loss)))
        if grid is None:
            raise DataError(f"{self.name}: no falling law fits its losses. See foretell check {self.name}.")
        return learned(grid, self.name)


def finished(table: Runs, family: str | None, loss: str | None) -> Known:
    """Return the finished runs of a table.

    Args:
        table: The run table.
        family: The family to look at; `None` takes the only one.
        loss: Its loss; `None` takes the general one.

    Raises:
        DataError: there are several families and none was named, or no finished run has sizes and a loss.
        UnknownName: there is no such family or loss.
    """
    if family is None and len(table.families) > 1:
        what = f"{table.name} has {len(table.families)} families: {', '.join(table.families)}."
        raise DataError(f"{what} Name one in the target, as family=...")
    table = table.in_family(family) if family else table
    table, column = table.with_general_loss(loss)
    if column is None:
        raise DataError(f"{table.name} has no loss. Give a column loss/<domain>, in nats per token.")
    frame = table.usable().final_rows().frame.drop_nulls(["n_params", "n_tokens", column])
    if not frame.height:
        raise DataError(f"{table.name}: no finished run has n_params, n_tokens and {column}. Give them.")
    sizes = Sizes(frame["n_params"].to_numpy(), frame["n_tokens"].to_numpy())
    return Known(table.name, tuple(frame["run"].to_list()), sizes, frame[column].to_numpy())
