"""Real samples: each function lets the tool itself write, and returns what it was given, to compare with.

The figures are those of a ladder whose truth is known (`tests.methods.ladder`); lm-evaluation-harness and the Trainer
work on tiny random Llamas, so theirs are their own.
"""

import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from tests.methods.ladder import make_ladder

WORDS = ["red", "green", "blue", "one", "two", "three", "cat", "dog", "house", "tree", "über", "grün", "é", "?", "."]


def ladder() -> pl.DataFrame:
    """Return twelve runs with four checkpoints each, and a step of 500,000 tokens."""
    frame = make_ladder(seed=1, loss_noise=0.01, score_noise=0.01)
    return frame.with_columns(step=(pl.col("n_tokens") / 500_000).round().cast(pl.Int64))


def logged(frame: pl.DataFrame, run: str) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield what a trainer would log: batch figures at every step of four, held-out figures at the checkpoints."""
    for row in frame.filter(run=run).iter_rows(named=True):
        yield row["step"], {"train/loss": row["loss/web"] + 0.1, "n_tokens_seen": row["n_tokens"], "lr": 1e-3}
        yield row["step"], {"val/web/loss": row["loss/web"], "hellaswag/acc_norm": row["score/hellaswag"]}


def sizes(frame: pl.DataFrame) -> dict[str, float]:
    """Return the parameters of each run."""
    return dict(frame.select("run", "n_params").unique(maintain_order=True).iter_rows())


def write_tensorboard(folder: Path, frame: pl.DataFrame) -> None:
    """Let torch's SummaryWriter log every run, its size as a hyper-parameter."""
    from torch.utils.tensorboard import SummaryWriter

    for run, n_params in sizes(frame).items():
        with SummaryWriter(str(folder / run)) as writer:
            writer.add_hparams({"n_params": n_params, "lr": 1e-3}, {}, run_name=".")
            for step, values in logged(frame, run):
                for tag, value in values.items():
                    writer.add_scalar(tag, value, step)


def write_wandb(folder: Path, frame: pl.DataFrame) -> None:
    """Let wandb log every run offline."""
    import wandb

    with environment(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DIR=str(folder)):
        for run, n_params in sizes(frame).items():
            settings = wandb.Settings(
                x_disable_stats=True, console="off", disable_git=True, x_disable_machine_info=True
            )
            config = {"n_params": n_params, "optim": {"lr": 1e-3}, "note": "tiny"}
            with wandb.init(project="ladder", name=run, dir=folder, config=config, settings=settings) as board:
                for step, values in logged(frame, run):
                    board.log(values, step=step)


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {key: os.environ.get(key) for key in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key)
            else:
                os.environ[key] = value


def tiny_model(folder: Path, width: int = 16, seed: int = 0) -> Any:
    """Save a random Llama with a tokenizer of whole words, and return the model."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    vocabulary = {word: i for i, word in enumerate(["<unk>", "<s>", "</s>", *WORDS])}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    torch.manual_seed(seed)
    shape = {"hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": 1, "num_attention_heads": 1}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(vocabulary), max_position_embeddings=64, **shape))
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return model


TASK = """task: {name}
dataset_path: json
dataset_kwargs:
  data_files: {data}
test_split: train
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{gold}}}}"
target_delimiter: " "
metric_list:
  - metric: acc
    higher_is_better: true
  - metric: acc_norm
    higher_is_better: true
"""
GROUP = """group: colours
task:
  - colours_one
  - colours_two
aggregate_metric_list:
  - metric: acc
    weight_by_size: true
"""


def write_tasks(folder: Path, n_items: tuple[int, int] = (12, 8)) -> None:
    """Write two small tasks and their group, in the YAML of lm-evaluation-harness."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(0)
    for name, count in zip(("colours_one", "colours_two"), n_items, strict=True):
        lines = [json.dumps(_item(rng)) for _ in range(count)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
        task = TASK.format(name=name, data=folder / f"{name}.jsonl")
        (folder / f"{name}.yaml").write_text(task, encoding="utf-8")
    (folder / "colours.yaml").write_text(GROUP, encoding="utf-8")


def _item(rng: random.Random) -> dict[str, Any]:
    choices = [f"{place} {' '.join(rng.sample(WORDS, rng.randint(1, 3)))}" for place in ("up", "down", "left", "right")]
    return {"question": " ".join(rng.sample(WORDS, 4)), "choices": choices, "gold": rng.randrange(4)}


def evaluate(model: str, arguments: str, tasks: Path, output: Path) -> dict[str, Any]:
    """Let lm-evaluation-harness evaluate a model offline, and write its results and samples as its command does."""
    import lm_eval
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_defaults=False, include_path=str(tasks))
    with environment(HF_HUB_OFFLINE="1", HF_DATASETS_CACHE=str(tasks / "cache")):
        tracker = EvaluationTracker(output_path=str(output))
        result = lm_eval.simple_evaluate(
            model=model,
            model_args=arguments,
            tasks=["colours"],
            device="cpu",
            batch_size=4,
            task_manager=manager,
            log_samples=True,
            evaluation_tracker=tracker,
            bootstrap_iters=10,
        )
    samples = result.pop("samples")
    tracker.save_results_aggregated(results=result, samples=samples)
    for task in samples:
        tracker.save_results_samples(task_name=task, samples=samples[task])
    return result


def write_lm_eval(folder: Path, frame: pl.DataFrame) -> None:
    """Let the harness evaluate a stand-in for every checkpoint, which is right as often as the ladder says."""
    register_stand_in()
    write_tasks(folder / "tasks", (60, 40))
    for row in frame.iter_rows(named=True):
        place = f"ladder/{row['run']}/checkpoint-{row['step']}"
        arguments = f"pretrained={place},right={row['score/hellaswag']},n_params={row['n_params']}"
        evaluate("ladder", arguments, folder / "tasks", folder / "results")


@cache
def register_stand_in() -> None:
    """Register a model of the harness whose answers come from a table and not from weights."""
    from lm_eval.api.model import LM
    from lm_eval.api.registry import register_model

    @register_model("ladder")
    class Ladder(LM):  # type: ignore[misc]
        def __init__(self, pretrained: str, right: float, n_params: float, **_: Any) -> None:
            super().__init__()
            self.right, self.n_params = float(right), int(float(n_params))
            self.rng = random.Random(pretrained)

        def loglikelihood(self, requests: list[Any], **_: Any) -> list[tuple[float, bool]]:
            answers: list[tuple[float, bool]] = []
            lucky: dict[Any, bool] = {}
            for request in requests:
                knows = lucky.setdefault(str(request.doc), self.rng.random() < self.right)
                is_gold = request.idx == request.doc["gold"]
                length = len(request.args[1].encode())
                answers.append((-length * (0.5 + 0.5 * self.rng.random() + (0.0 if is_gold == knows else 2.0)), False))
            return answers

        def loglikelihood_rolling(self, requests: list[Any], **_: Any) -> list[float]:
            return []

        def generate_until(self, requests: list[Any], **_: Any) -> list[str]:
            return []

        def get_model_info(self) -> dict[str, Any]:
            return {"model_num_parameters": self.n_params}


def write_hf_trainer(folder: Path, widths: tuple[int, ...], steps: int = 6) -> dict[str, Any]:
    """Let the transformers Trainer train tiny Llamas, and return each one's final state."""
    import torch
    from transformers import Trainer, TrainingArguments

    class Texts(torch.utils.data.Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return 64

        def __getitem__(self, i: int) -> dict[str, Any]:
            ids = torch.arange(i, i + 16) % 18
            return {"input_ids": ids, "labels": ids}

    states = {}
    for width in widths:
        model = tiny_model(folder / "start" / f"w{width}", width)
        arguments = TrainingArguments(
            output_dir=str(folder / "runs" / f"w{width}"),
            max_steps=steps,
            learning_rate=3e-3,
            lr_scheduler_type="cosine",
            per_device_train_batch_size=4,
            logging_steps=2,
            eval_strategy="steps",
            eval_steps=2,
            save_steps=2,
            include_num_input_tokens_seen="all",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        )
        trainer = Trainer(model=model, args=arguments, train_dataset=Texts(), eval_dataset=Texts())
        trainer.train()
        trainer.save_state()
        states[f"w{width}"] = trainer.state
    return states


def write_mlflow(uri: str, frame: pl.DataFrame) -> None:
    """Let MLflow log every run into a store."""
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("ladder")
    for run, n_params in sizes(frame).items():
        with mlflow.start_run(run_name=run):
            mlflow.log_params({"n_params": n_params, "lr": 1e-3, "note": "it's: tiny"})
            for step, values in logged(frame, run):
                mlflow.log_metrics({**values, "broken": float("nan")}, step=step)


def blank(path: Path, key: str) -> None:
    """Empty a key of a JSON file that says something of the machine."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**plain, key: ""}, indent=2, ensure_ascii=False), encoding="utf-8")


def write_torchtitan(folder: Path, frame: pl.DataFrame) -> None:
    """Write what torchtitan logs, under its tags and in its layout; torch's writer stands in for its trainer."""
    from torch.utils.tensorboard import SummaryWriter

    for run in sizes(frame):
        with SummaryWriter(str(folder / run / "tb" / "20261124-1200")) as writer:
            for row in frame.filter(run=run).iter_rows(named=True):
                writer.add_scalar("loss_metrics/global_avg_loss", row["loss/web"] + 0.1, row["step"])
                writer.add_scalar("validation_metrics/loss", row["loss/web"], row["step"])
        config = {"training": {"seq_len": 4096, "global_batch_size": 128}, "job": {"dump_folder": "outputs"}}
        (folder / run / "config.json").write_text(json.dumps(config))


NANOCHAT = (
    "flops_budget,depth,model_dim,params_wte,params_value_embeds,params_lm_head,params_transformer,params_scalars,"
    "params_total,num_iterations,tokens_trained,val_bpb,core_score,train_time_sec"
)


def write_nanochat(folder: Path) -> None:
    """Write `results.csv` with the header of nanochat's `runs/scaling_laws.sh`; its figures follow a law of ours."""
    rows = [NANOCHAT]
    for budget in (1e18, 2.15e18, 4.64e18, 1e19):
        for depth in (10, 14, 18):
            transformer, head = 12 * depth * (64 * depth) ** 2, 32768 * 64 * depth
            tokens = round(budget / 6 / (transformer + head))
            bpb = 0.6 + 50 * transformer**-0.3 + 200 * tokens**-0.3
            core = 0.0 if depth == 10 and budget == 1e18 else 1.2 - bpb
            counts = f"{head},{head},{head},{transformer},20,{transformer + 3 * head}"
            rows.append(f"{budget:g},{depth},{64 * depth},{counts},{tokens // 524288},{tokens},{bpb:.6f},{core:.6f},60")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.csv").write_text("\n".join(rows) + "\n")


def write_olmix(folder: Path) -> None:
    """Write a pair as olmix reads it: both with run_id, shares that sum to 1; its figures are a parabola."""
    ratios = ["run_id,name,web,code"]
    metrics = ["run_id,eval/downstream_bpb/piqa_val_rc_5shot_bpb,eval/c4/CrossEntropyLoss,eval/stack/CrossEntropyLoss"]
    for i in range(12):
        code = i / 20
        ratios.append(f"r{i},mix-{i},{1 - code:g},{code:g}")
        metrics.append(f"r{i},{1.2 - 0.1 * code:.4f},{3.0 + 0.3 * code**2:.4f},{1.5 + 0.8 * (1 - code) ** 2:.4f}")
    metrics.append("r99,1.0,3.0,1.5")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ratios.csv").write_text("\n".join(ratios) + "\n")
    (folder / "metrics.csv").write_text("\n".join(metrics) + "\n")
