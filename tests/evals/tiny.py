"""The folder of a ladder with tiny random models, and tiny tasks of lm-evaluation-harness."""

import json
from pathlib import Path
from typing import Any

TEXTS = ("the cat sees the house", "a big dog runs", "green trees and small houses")


def add_run(folder: Path, run: str, steps: list[int], *, n_steps: int | None = None, **options: int) -> None:
    """Write weights and rows of a run; the last step is final where it is `n_steps`."""
    for step in steps:
        save_weights(folder / run / f"step-{step}", **{**options, "seed": options.get("seed", 0) + step})
        add_step(folder, run, step, is_final=step == n_steps)


def add_step(folder: Path, run: str, step: int, *, is_final: bool = False, status: str = "ok") -> None:
    from foretell.ladder.rows import add_row

    row = {"run": run, "family": "tiny", "step": step, "n_params": 1000, "n_tokens": 100.0 * step, "seed": 0}
    row |= {"flops": 6e5 * step, "is_final": is_final, "status": status, "reason": None, "loss/text": 5 - step / 100}
    (folder / run).mkdir(parents=True, exist_ok=True)
    add_row(folder / run, row)


def save_weights(folder: Path, *, seed: int, sequence_length: int = 64) -> None:
    from transformers.utils import logging

    from foretell.ladder.model import build_model
    from foretell.ladder.safe_files import replace_folder
    from foretell.units import Decoder

    logging.disable_progress_bar()
    shape = Decoder(vocab_size=257, d_model=16, d_ff=32, n_layers=1, n_heads=1, n_kv_heads=1, tied_embeddings=True)
    model = build_model(shape, sequence_length=sequence_length, end_of_text=0, seed=seed)
    replace_folder(folder, model.save_pretrained)


def save_tokenizer(folder: Path) -> None:
    """Write a byte-level tokenizer without merges."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    end = "<|endoftext|>"
    signs = {sign: i for i, sign in enumerate([end, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    bpe = Tokenizer(models.BPE(vocab=signs, merges=[]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token=end, eos_token=end, pad_token=end).save_pretrained(folder)


def write_task(folder: Path, name: str, rows: list[dict[str, Any]], **changes: Any) -> None:
    """Write a task; `changes` go into its YAML."""
    import yaml

    folder.mkdir(parents=True, exist_ok=True)
    items = folder / f"{name}.jsonl"
    items.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(items)}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "context",
        "doc_to_choice": "choices",
        "doc_to_target": "answer",
        "metric_list": [
            {"metric": metric, "aggregation": "mean", "higher_is_better": True} for metric in ("acc", "acc_norm")
        ],
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({**config, **changes}), encoding="utf-8")


def choice_rows(n: int, choices: list[str], seed: int = 0) -> list[dict[str, Any]]:
    return [
        {"context": f"{TEXTS[i % 3]} {i + seed}:", "choices": choices, "answer": (i * 7 + seed) % len(choices)}
        for i in range(n)
    ]
