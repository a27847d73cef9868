"""The `[slurm]` table of a plan file: how jobs are submitted, in the words of submitit."""

from collections.abc import Mapping
from typing import Any

from foretell.ladder.section import Section

CLUSTERS = ("slurm", "local")
SHARED = ("timeout_min", "mem_gb")  # named by submitit for every cluster
OWN = (  # of SLURM alone; `slurm_` stands before them in submitit
    "account",
    "additional_parameters",
    "comment",
    "constraint",
    "dependency",
    "exclude",
    "exclusive",
    "gres",
    "mail_type",
    "mail_user",
    "nodelist",
    "partition",
    "qos",
    "setup",
    "signal_delay_s",
    "srun_args",
)


def read_slurm(section: Section) -> Mapping[str, Any]:
    """Read how jobs are submitted; a key that is none is a problem."""
    found: dict[str, Any] = {
        "cluster": section.text("cluster", "slurm", known=CLUSTERS),
        "gpus": section.flag("gpus", False),
        "max_num_timeout": section.whole("max_num_timeout", 1000),
        "timeout_min": section.whole("timeout_min", 60),
    }
    found |= {key: value for key in (*SHARED, *OWN) if key not in found and (value := section.take(key)) is not None}
    section.close()
    return found
