"""Published rules for batch size and learning rate by size.

The numbers of `olmo-ladder` are those of the authors' code (allenai/OLMo-core, `ModelLadder`: 160 sequences of
2,048 tokens and 0.0047 at 108M parameters without embeddings, exponents 2/3 and -1/3, whatever the tokens). Those
of `deepseek` and `kaplan` are as printed in the papers' equations named below. DeepSeek's compute counts attention
too; here it is 6ND of the parameters without embeddings.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from foretell.registry import Registry
from foretell.units import flops_6nd


@dataclass(frozen=True)
class Rule:
    """How learning rate and batch follow from size and tokens.

    Attributes:
        learning_rate: (n_params, n_tokens) -> peak learning rate.
        batch_tokens: (n_params, n_tokens) -> tokens in a batch; `None` where the source gives no rule.
        reference: Where it was published.
    """

    learning_rate: Callable[[float, float], float]
    batch_tokens: Callable[[float, float], float] | None
    reference: str


# Fitted on the authors' own sizes; below one million parameters all of them extrapolate, DeepSeek's the least wildly.
RULES: Registry[Rule] = Registry(
    "rule",
    {
        "deepseek": Rule(
            learning_rate=lambda n, d: 0.3118 * flops_6nd(n, d) ** -0.1250,
            batch_tokens=lambda n, d: 0.2920 * flops_6nd(n, d) ** 0.3271,
            reference="DeepSeek-AI 2024, arXiv:2401.02954, equation 1",
        ),
        "olmo-ladder": Rule(
            learning_rate=lambda n, _: 0.0047 * (n / 108e6) ** (-1 / 3),
            batch_tokens=lambda n, _: 2048 * 160 * (n / 108e6) ** (2 / 3),
            reference="Bhagia et al. 2024, arXiv:2412.04403, after Porian et al. 2024, arXiv:2406.19146",
        ),
        "kaplan": Rule(
            learning_rate=lambda n, _: 0.003239 - 0.0001395 * math.log(n),
            batch_tokens=None,
            reference="Kaplan et al. 2020, arXiv:2001.08361, equation D.1",
        ),
    },
)
