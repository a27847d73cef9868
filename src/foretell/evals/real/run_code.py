"""Run the program that a model wrote, with the tests that it should pass.

Code of a model may do anything: it runs in a process of its own with limits on time and memory, which is no
sandbox. Whoever evaluates says that this is acceptable, by `--unsafe-code` or `HF_ALLOW_CODE_EVAL=1`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from foretell.errors import DataError

SECONDS = 5
MEMORY_BYTES = 2 * 1024**3
# The child limits itself before it reads the program: between fork and exec, a large parent would not fit the limit.
LIMITED = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY_BYTES}, {MEMORY_BYTES}))
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS + 1}, {SECONDS + 1}))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
exec(compile(sys.stdin.read(), "program", "exec"), {{"__name__": "__main__"}})
"""


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """Return `pass@1` of one problem of HumanEval: whether prompt and continuation pass its tests."""
    program = f"{doc['prompt']}{results[0]}\n{doc['test']}\ncheck({doc['entry_point']})\n"
    return {"pass@1": float(passes(program))}


def passes(program: str, seconds: float = SECONDS) -> bool:
    """Tell whether a Python program ends without an error in time.

    Raises:
        DataError: nobody has agreed to run it.
    """
    if os.environ.get("HF_ALLOW_CODE_EVAL") != "1":
        raise DataError("humaneval runs code that the model wrote. Agree with --unsafe-code, or HF_ALLOW_CODE_EVAL=1.")
    with tempfile.TemporaryDirectory() as folder:
        try:
            ended = subprocess.run(  # noqa: S603  limited, and only where the user has agreed
                [sys.executable, "-I", "-c", LIMITED],
                input=program.encode("utf-8", "replace"),
                cwd=folder,
                env={"PATH": os.defpath},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                start_new_session=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
    return ended.returncode == 0
