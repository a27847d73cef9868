"""Code that a model wrote runs only where the user agreed."""

from collections.abc import Iterable

from foretell.errors import DataError
from foretell.evals.benchmark import Benchmark


def require_consent(benchmarks: Iterable[Benchmark], *, unsafe_code: bool) -> None:
    """Refuse tasks that run the code of a model.

    Raises:
        DataError: there is such a task, and nobody agreed.
    """
    unsafe = [one.name for one in benchmarks if any(getattr(task, "UNSAFE_CODE", False) for task in one.tasks.values())]
    if unsafe and not unsafe_code:
        what = f"{unsafe[0]} runs code that the model wrote."
        raise DataError(f"{what} Do so in a sandbox that may be lost, with --unsafe-code, or leave the task out.")
