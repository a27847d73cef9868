"""Forecasting methods: each a frozen configuration that learns from training rows."""

from foretell.methods.auto import Auto
from foretell.methods.base import Method, MethodEntry
from foretell.methods.direct import Direct
from foretell.methods.olmo_ladder import OlmoLadder
from foretell.methods.spec import LawChoice
from foretell.methods.two_stage import TwoStage
from foretell.registry import Registry

METHODS: Registry[MethodEntry] = Registry(
    "method",
    {
        "auto": MethodEntry(
            Auto(),
            "structures from size to score averaged; those that fail back-tests inside the training rows are left out",
            "scores of finished runs of several sizes; better with losses, task losses and checkpoints",
            "this project",
        ),
        "flp": MethodEntry(
            TwoStage(),
            "compute to loss by a power law, loss to score by a line on emerged checkpoints",
            "a loss and scores at checkpoints; finished runs of several sizes",
            "Chen et al. 2025, arXiv:2410.08527",
        ),
        "fp": MethodEntry(
            Direct(),
            "score straight from compute by a power law: the baseline of FLP",
            "scores of finished runs of several sizes",
            "Chen et al. 2025, arXiv:2410.08527",
        ),
        "olmo_ladder": MethodEntry(
            OlmoLadder(),
            "size to each task's own loss by Chinchilla's law, task loss to score by a free sigmoid on all checkpoints",
            "task losses and scores at checkpoints; six finished runs of several sizes and lengths",
            "Bhagia et al. 2024, arXiv:2412.04403",
        ),
        "gadre": MethodEntry(
            TwoStage(LawChoice("overtraining"), LawChoice("exp_decay"), loss_space="identity", every_final=True),
            "size to loss by the over-training law, loss to score by exponential decay, both on every finished run",
            "a loss and scores of finished runs of several sizes and tokens per parameter",
            "Gadre et al. 2024, arXiv:2403.08540",
        ),
    },
)
DEFAULT_METHOD = "auto"


def parse_method(spec: str, margin: float | None = None) -> Method:
    """Read a method as it is typed.

    Args:
        spec: A name such as `flp`, or with laws behind a colon: `flp:chinchilla+sigmoid`,
            `flp:chinchilla+sigmoid[ceiling=1]`, `fp:neg_log_power`.
        margin: Emergence margin as a score; the method's own when not given.

    Raises:
        UnknownName: there is no such method or law.
        DataError: the laws do not suit the method.
    """
    name, colon, laws = spec.strip().partition(":")
    method = METHODS[name].method
    if colon:
        method = method.with_laws(laws)
    return method if margin is None else method.with_margin(margin)


__all__ = ["DEFAULT_METHOD", "METHODS", "Direct", "Method", "MethodEntry", "OlmoLadder", "TwoStage", "parse_method"]
