"""The micro-plan with runs that last long enough to be killed on the way."""

from tests.ladder.conftest import PLAN

from foretell.ladder.read_plan import read_plan

RUNS = ["14K-6.4K-code30-prose70-s0", "20K-6.4K-code100-s0"]


def longer_plan(folder, extra="", n_tokens=6_400, save_seconds=0):
    """Write the plan beside the text and return its path."""
    text = PLAN.replace("n_tokens = 2560", f"n_tokens = {n_tokens}").replace("[data]", "[data]\nmax_epochs = 100")
    path = folder / f"longer-{abs(hash((extra, n_tokens, save_seconds)))}.toml"
    path.write_text(text.replace("[hardware]", f"[hardware]\nsave_seconds = {save_seconds}") + extra, encoding="utf-8")
    return path


def train_locally(path, folder):
    """Train a plan undisturbed, in this process."""
    from foretell.ladder.runs_of import jobs_of
    from foretell.ladder.train_job import train_job

    plan = read_plan(path)
    for index in range(len(jobs_of(plan))):
        train_job(plan, folder, index, precision="fp32", listen=lambda *_: None)
