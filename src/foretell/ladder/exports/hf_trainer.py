"""Settings for the Trainer of transformers 5: the model's `config.json` and `training_args.json` for each run.

`LlamaConfig.from_json_file` reads the first, `HfArgumentParser(TrainingArguments).parse_json_file` the second.
"""

import json
import math
from typing import Any

from foretell.ladder.exports.recipe import Recipe, recipes
from foretell.ladder.plan import BETAS, EPS, Plan


def hf_trainer(plan: Plan) -> dict[str, str]:
    """Return two files for each run, in a folder of its name."""
    files = {}
    for run in recipes(plan):
        files[f"{run.name}/config.json"] = _json(_config(plan, run))
        files[f"{run.name}/training_args.json"] = _json(_arguments(plan, run))
    return files


def _json(plain: dict[str, Any]) -> str:
    return json.dumps(plain, indent=2) + "\n"


def _config(plan: Plan, run: Recipe) -> dict[str, Any]:
    shape = run.shape
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.d_model,
        "intermediate_size": shape.d_ff,
        "num_hidden_layers": shape.n_layers,
        "num_attention_heads": shape.n_heads,
        "num_key_value_heads": shape.kv_heads,
        "max_position_embeddings": plan.schedule.sequence_length,
        "tie_word_embeddings": shape.tied_embeddings,
    }


def _arguments(plan: Plan, run: Recipe) -> dict[str, Any]:
    at_once = math.gcd(run.batch, plan.hardware.micro_batch or 1)
    return {
        "output_dir": f"outputs/{run.name}",
        "run_name": run.name,
        "max_steps": run.n_steps,
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": run.batch // at_once,
        "learning_rate": run.learning_rate,
        "warmup_steps": run.warmup_steps,
        **_schedule(plan, run),
        "weight_decay": plan.schedule.weight_decay,
        "max_grad_norm": plan.schedule.clip,
        "adam_beta1": BETAS[0],
        "adam_beta2": BETAS[1],
        "adam_epsilon": EPS,
        "seed": run.seed,
        "data_seed": run.seed,
        "save_strategy": "steps",
        "save_steps": max(1, run.n_steps // len(run.checkpoints)),
        "logging_steps": 10,
    }


def _schedule(plan: Plan, run: Recipe) -> dict[str, Any]:
    floor = plan.schedule.final_fraction
    if plan.schedule.kind == "cosine":
        return {"lr_scheduler_type": "cosine_with_min_lr", "lr_scheduler_kwargs": {"min_lr_rate": floor}}
    kwargs = {"num_decay_steps": run.decay_steps, "min_lr_ratio": floor, "decay_type": "linear"}
    return {"lr_scheduler_type": "warmup_stable_decay", "lr_scheduler_kwargs": kwargs}
