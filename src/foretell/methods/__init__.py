"""Forecasting methods: each a frozen configuration that learns from training rows."""

from foretell.methods.auto import Auto
from foretell.methods.base import Method, MethodEntry
from foretell.methods.checkpoints import Checkpoints
from foretell.methods.clusters import Clusters
from foretell.methods.direct import Direct
from foretell.methods.flpm import FlpM
from foretell.methods.loss_to_loss import LossToLoss
from foretell.methods.naive import Naive
from foretell.methods.observational import Observational
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
        "flpm": MethodEntry(
            FlpM(),
            "compute per source, or size, to the loss of each domain; all domain losses to the score by a small "
            "network for each task (`flpm:m4+network`, `line`, `average_line`, `monotone`)",
            "loss columns of several domains and scores at checkpoints; finished runs of several sizes, or mixtures",
            "Chen et al. 2025, arXiv:2410.08527",
        ),
        "fp": MethodEntry(
            Direct(),
            "score straight from compute by a power law: the baseline of FLP",
            "scores of finished runs of several sizes",
            "Chen et al. 2025, arXiv:2410.08527",
        ),
        "chinchilla": MethodEntry(
            TwoStage(LawChoice("chinchilla"), LawChoice("sigmoid")),
            "parameters and tokens to loss by the Chinchilla law, loss to score by a sigmoid from chance",
            "n_params, n_tokens; a loss and scores at checkpoints; at least six finished runs",
            "Hoffmann et al. 2022, arXiv:2203.15556; Besiroglu et al. 2024, arXiv:2404.10102; "
            "the sigmoid: Bhagia et al. 2024, arXiv:2412.04403",
        ),
        "olmo_ladder": MethodEntry(
            OlmoLadder(),
            "size to each task's own loss by Chinchilla's law, task loss to score by a free sigmoid on all checkpoints",
            "task losses and scores at checkpoints; six finished runs of several sizes and lengths",
            "Bhagia et al. 2024, arXiv:2412.04403",
        ),
        "gadre": MethodEntry(
            TwoStage(
                LawChoice("overtraining"),
                LawChoice("exp_decay"),
                checkpoints=Checkpoints(score="every_final"),
                loss_space="identity",
            ),
            "size to loss by the over-training law, loss to score by exponential decay, both on every finished run",
            "a loss and scores of finished runs of several sizes and tokens per parameter",
            "Gadre et al. 2024, arXiv:2403.08540",
        ),
        "direct": MethodEntry(
            Direct(LawChoice("neg_log_size"), margin=0.0),
            "score straight from parameters and tokens, a power law in -log of the share above chance; "
            "`direct:neg_log_power` in FLOPs",
            "n_params, n_tokens; scores of at least five finished runs",
            "Krajewski et al. 2025, arXiv:2512.08894",
        ),
        "loss_to_loss": MethodEntry(
            LossToLoss(),
            "size to the general loss by the Chinchilla law, that to the task's own loss by a shifted power law, "
            "that to the score by a sigmoid",
            "n_params, n_tokens; a general loss; `task_loss/<task>` or a second loss column; scores at checkpoints",
            "Brandfonbrener et al. 2024, arXiv:2411.12925",
        ),
        "observational": MethodEntry(
            Observational(),
            "compute to principal components of the scores, a line for each family; those to each score by a sigmoid",
            "flops; scores of finished models on several tasks; no losses; many families with `--pool`",
            "Ruan, Maddison and Hashimoto 2024, arXiv:2405.10938",
        ),
        "clusters": MethodEntry(
            Clusters(),
            "items clustered by difficulty; compute to the score of the clusters that move; their mean to the task's "
            "score by a monotone cubic",
            "flops; `items/<task>`, the score of every item (Parquet or JSONL); at least four finished runs",
            "Xu et al. 2025, arXiv:2502.17262",
        ),
        "naive": MethodEntry(
            Naive(),
            "the largest finished run's own score: what every law has to beat",
            "scores of at least three finished runs",
            "Hyndman and Athanasopoulos 2021, Forecasting: Principles and Practice, section 5.2",
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


__all__ = [
    "DEFAULT_METHOD",
    "METHODS",
    "Direct",
    "FlpM",
    "LossToLoss",
    "Method",
    "MethodEntry",
    "Naive",
    "OlmoLadder",
    "TwoStage",
    "parse_method",
]
