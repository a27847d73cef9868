"""Plan files: what they mean, and everything that can be wrong with them."""

import re
import time

import pytest

from foretell.errors import DataError
from foretell.ladder.read_plan import read_plan
from foretell.ladder.runs_of import jobs_of


def test_a_plan_says_what_its_runs_are_called_and_how_large_they_are(write_plan):
    plan = read_plan(write_plan())
    assert [job.trunk.name for job in jobs_of(plan)] == ["14K-2.56K-code30-prose70-s0", "20K-2.56K-code100-s0"]
    assert [rung.shape.n_params_non_embedding for rung in plan.rungs] == [13_456, 20_904]
    assert [plan.n_steps(rung) for rung in plan.rungs] == [20, 20]


def test_a_rung_may_give_its_shape_and_its_own_hyperparameters(write_plan):
    own = 'd_model = 32\nn_layers = 2\nn_heads = 2\nbatch = 2\nlearning_rate = 0.01\nseeds = [3, 5]\nname = "mine"'
    plan = read_plan(write_plan(('n_params = "14k"', own)))
    rung = plan.rungs[0]
    assert (rung.shape.d_model, rung.shape.n_layers, rung.shape.n_heads, rung.shape.d_ff) == (32, 2, 2, 96)
    assert (rung.batch, rung.learning_rate, rung.name) == (2, 0.01, "mine")
    assert [job.trunk.name for job in jobs_of(plan)][:2] == ["mine-s3", "mine-s5"]


def test_a_published_rule_sets_batch_and_learning_rate_by_size(write_plan):
    plan = read_plan(
        write_plan(("batch = 4", 'batch = "deepseek"'), ('"14k"', '"1M"'), ("n_tokens = 2560", 'n_tokens = "20M"'))
    )
    flops = 6 * 1_004_928 * 2e7
    assert plan.rungs[0].learning_rate == pytest.approx(0.3118 * flops**-0.125, rel=1e-12)
    assert plan.rungs[0].batch == 512  # 0.2920 x C^0.3271 is 11,800 tokens, 368 sequences of 32; a power of two


def test_branches_leave_the_trunk_before_it_decays(write_plan):
    plan = read_plan(write_plan(("batch = 4", 'batch = 4\nkind = "wsd"\nbranches = [0.5]')))
    job = jobs_of(plan)[0]
    assert [(run.name, run.first_step, run.n_steps) for run in job.runs] == [
        ("14K-2.56K-code30-prose70-s0", 0, 20),
        ("14K-2.56K-code30-prose70-s0-at-1.28K", 8, 10),
    ]
    assert job.steps_to_train == 22


PROBLEMS = {
    "shares": (
        "prose = 0.7",
        "prose = 0.6",
        "rung 14K-2.56K-code30-prose60: the shares sum to 0.9. Make them sum to 1.",
    ),
    "unknown source": (
        "prose = 0.7",
        "pros = 0.7",
        "rung 14K-2.56K-code30-pros70: share names 'pros', which is no source. Sources: code, prose.",
    ),
    "unknown key": (
        "checkpoints = 4",
        "checkpoint = 4",
        "[schedule] checkpoint: there is no such key. Did you mean 'checkpoints'?",
    ),
    "unknown rung key": (
        "n_tokens = 2560",
        "n_token = 1",
        "[[rung]] 1 n_token: there is no such key. Did you mean 'n_tokens'?",
    ),
    "unknown table": ("[hardware]", "[hardwear]", "hardwear: there is no such key. Did you mean 'hardware'?"),
    "missing": ('n_params = "14k"\n', "", "[[rung]] 1 n_params is missing. Give a number."),
    "not a number": ('"14k"', '"much"', "[[rung]] 1 n_params is 'much'. Give a number from 1000 to 10T."),
    "not a kind": ("batch = 4", 'kind = "linear"', "[schedule] kind is 'linear'. Give one of cosine, wsd."),
    "no such file": (
        "prose.jsonl",
        "poetry.txt",
        "[data.sources.prose] files: no file matches 'poetry.txt' beside the plan.",
    ),
    "held out and trained on": (
        'held_out = ["code-held.txt"]',
        'held_out = ["code0.txt"]',
        "[data.sources.code]: code0.txt is trained on and held out. Take it out of one list.",
    ),
    "batch": (
        "[hardware]",
        "[hardware]\nmicro_batch = 3",
        "rung 14K-2.56K-code30-prose70: a batch of 4 sequences does not divide by 3 sequences at a time on 1 devices. "
        "Change batch, micro_batch or devices.",
    ),
    "devices": (
        "[hardware]",
        "[hardware]\ndevices = 3",
        "rung 14K-2.56K-code30-prose70: a batch of 4 sequences does not divide by 3 devices. "
        "Change batch, micro_batch or devices.",
    ),
    "same name": (
        'n_params = "20k"\nn_tokens = 2560\nshare = { code = 1, prose = 0 }',
        'n_params = "14k"\nn_tokens = 2560\nshare = { code = 0.3, prose = 0.7 }',
        "2 runs are called 14K-2.56K-code30-prose70-s0. Give their rungs different names.",
    ),
    "unknown rule": (
        "batch = 4",
        'batch = "deepsek"',
        "[[rung]] 1 batch: Unknown rule 'deepsek'. Did you mean 'deepseek'? Known: deepseek, kaplan, olmo-ladder.",
    ),
    "branches of a cosine": (
        "batch = 4",
        "batch = 4\nbranches = [0.5]",
        '[schedule] branches need kind = "wsd": a cosine has no stable part to branch from.',
    ),
    "heads": (
        'n_params = "14k"',
        "d_model = 32\nn_layers = 2\nn_heads = 5",
        "[[rung]] 1 d_model 32 does not part into 5 heads of an even width. Give n_heads, one of 1, 2, 4, 8, 16.",
    ),
    "odd heads": (
        'n_params = "14k"',
        "d_model = 6\nn_layers = 2\nn_heads = 2",
        "[[rung]] 1 d_model 6 does not part into 2 heads of an even width. Give n_heads, one of 1, 3.",
    ),
    "odd width": (
        'n_params = "14k"',
        "d_model = 33\nn_layers = 2\nn_heads = 1",
        "[[rung]] 1 d_model 33 does not part into 1 heads of an even width. Give an even d_model.",
    ),
    "size and layers": (
        'n_params = "14k"',
        'n_params = "14k"\nn_layers = 2',
        "[[rung]] 1 has n_layers and no d_model. Give d_model and n_layers in place of n_params, or n_params alone.",
    ),
    "endless size": ('"14k"', "inf", "[[rung]] 1 n_params is inf. Give a number from 1000 to 10T."),
    "huge size": ('"14k"', "1e30", "[[rung]] 1 n_params is 1e+30. Give a number from 1000 to 10T."),
    "endless tokens": (
        "n_tokens = 2560",
        "n_tokens = inf",
        "[[rung]] 1 n_tokens is inf. Give a number from 1 to 1e+15.",
    ),
    "endless checkpoints": (
        "checkpoints = 4",
        "checkpoints = inf",
        "[schedule] checkpoints is inf. Give a number from 1 to 10000.",
    ),
    "endless vocabulary": (
        "vocab_size = 300",
        "vocab_size = inf",
        "[tokenizer] vocab_size is inf. Give a number from 257 to 10M.",
    ),
    "no number": (
        "eval_tokens = 600",
        "eval_tokens = nan",
        "[data] eval_tokens is nan. Give a number from 1 to 1e+15.",
    ),
    "endless norm": ("batch = 4", "batch = 4\nclip = inf", "[schedule] clip is inf. Give a number from 0 to 1M."),
    "endless learning rate": (
        "batch = 4",
        "batch = 4\nlearning_rate = inf",
        "[[rung]] 1 learning_rate is inf. Give a number above 0 and up to 1000, or a rule: deepseek, "
        "olmo-ladder, kaplan.",
    ),
    "huge batch": (
        "batch = 4",
        "batch = 100_000_000",
        "[[rung]] 1 batch is 100000000. Give sequences, a whole number up to 16,777,216, or a rule's name.",
    ),
    "endless seed": (
        "n_tokens = 2560",
        "n_tokens = 2560\nseeds = [inf]",
        "[[rung]] 1 seeds is [inf]. Give a list of whole numbers from 0 to 2^63 - 1, at least one.",
    ),
    "huge seed": (
        "n_tokens = 2560",
        "n_tokens = 2560\nseeds = [100000000000000000000000]",
        "[[rung]] 1 seeds is [100000000000000000000000]. "
        "Give a list of whole numbers from 0 to 2^63 - 1, at least one.",
    ),
    "no seed": (
        "n_tokens = 2560",
        "n_tokens = 2560\nseeds = []",
        "[[rung]] 1 seeds is []. Give a list of whole numbers from 0 to 2^63 - 1, at least one.",
    ),
    "a branch twice": (
        "batch = 4",
        'batch = 4\nkind = "wsd"\nbranches = [0.5, 0.5]',
        "[schedule] branches is [0.5, 0.5]. Give each fraction once.",
    ),
    "branches of one length": (
        "batch = 4",
        'batch = 4\nkind = "wsd"\nbranches = [0.5, 0.501]',
        "2 branches are called 14K-2.56K-code30-prose70-s0-at-1.28K. "
        "Space the fractions of [schedule] branches further apart.",
    ),
    "a link to nowhere": (
        'files = ["prose.jsonl"]',
        'files = ["prose.jsonl", "nowhere.txt"]',
        "[data.sources.prose] files: nowhere.txt is a link to a file that is not there. Name files that are there.",
    ),
    "one file for two texts": (
        "[data.sources.prose]",
        '[data.sources."code.held_out"]\nfiles = ["prose.jsonl"]\n[data.sources.prose]',
        "source 'code.held_out': the held-out text of 'code' is kept under this name. Rename it.",
    ),
}


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_a_problem_is_told_in_a_sentence_with_its_fix(write_plan, text_folder, old, new, sentence):
    if not (text_folder / "nowhere.txt").is_symlink():
        (text_folder / "nowhere.txt").symlink_to(text_folder / "not there")
    with pytest.raises(DataError, match=re.escape(sentence)):
        read_plan(write_plan((old, new)))


CHARACTERS = "cannot name a file. Use letters, digits and . _ + - only, a letter or digit first."
ODD_NAMES = {
    "\\u0000": CHARACTERS,
    "a\\nb": CHARACTERS,
    "a b": CHARACTERS,
    " ": CHARACTERS,
    "../x": CHARACTERS,
    ".x": CHARACTERS,
    "é" * 100: "is 200 bytes long. Give a name of at most 150.",
}


@pytest.mark.parametrize(("name", "what"), ODD_NAMES.items())
def test_a_name_that_is_no_name_of_a_file_is_refused(write_plan, name, what):
    rung = write_plan(("n_tokens = 2560\nshare = { code = 1", f'name = "{name}"\nn_tokens = 2560\nshare = {{ code = 1'))
    with pytest.raises(DataError, match=rf"plan\.toml: rung '.*' {re.escape(what)}$"):
        read_plan(rung)
    source = write_plan(
        ("[data.sources.prose]", f'[data.sources."{name}"]\nheld_out = ["code-held.txt"]\n[data.sources.prose]')
    )
    with pytest.raises(DataError, match=rf"plan\.toml: source '.*' {re.escape(what)}$"):
        read_plan(source)


def test_numbers_in_lists_may_be_written_as_quantities(write_plan):
    plan = read_plan(
        write_plan(
            ("batch = 4", 'batch = 4\nkind = "wsd"\nbranches = ["0.5"]'),
            ("n_tokens = 2560\nshare = { code = 1", 'n_tokens = 2560\nseeds = ["1", "2k"]\nshare = { code = 1'),
        )
    )
    assert (plan.schedule.branches, plan.rungs[1].seeds) == ((0.5,), (1, 2000))


def test_the_largest_seed_is_exact(write_plan):
    plan = read_plan(write_plan(("n_tokens = 2560", f"n_tokens = 2560\nseeds = [{2**63 - 1}]")))
    assert plan.rungs[0].seeds == (2**63 - 1,)


def test_a_micro_batch_above_a_device_s_part_is_that_part(write_plan):
    plan = read_plan(write_plan(("[hardware]", "[hardware]\nmicro_batch = 8\ndevices = 2")))
    assert plan.micro_batch(plan.rungs[0]) == 2


def test_a_large_batch_is_parted_at_once(write_plan):
    plan = read_plan(write_plan(("batch = 4", "batch = 16_777_215")))
    start = time.process_time()
    parts = [plan.micro_batch(plan.rungs[0]) for _ in range(1000)]
    assert time.process_time() - start < 0.5
    assert set(parts) == {357}  # 3 x 7 x 17; a sequence has 32 x 300 logits, of which 2^22 fit 436 times


def test_all_problems_are_told_at_once(write_plan):
    path = write_plan(("prose = 0.7", "prose = 0.6"), ("{ code = 1, prose = 0 }", "{ code = 0.2 }"))
    with pytest.raises(DataError, match=r"plan.toml: 2 problems\. .*sum to 0\.9\..*sum to 0\.2\."):
        read_plan(path)


def test_a_plan_without_held_out_text_is_refused(write_plan):
    path = write_plan(('held_out = ["code-held.txt"]', ""), ('held_out = ["prose-held.txt"]', ""))
    with pytest.raises(DataError, match="no source has held_out files, so that there would be no loss"):
        read_plan(path)


def test_a_plan_that_is_no_toml_is_refused_with_its_line(write_plan):
    with pytest.raises(DataError, match=r"plan.toml is not TOML: .*line 2"):
        read_plan(write_plan(text="\nname = \n"))
