"""The one tokenizer of a ladder: trained on its sources, or a ready one."""

import itertools
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from foretell.errors import DataError, MissingExtra
from foretell.ladder.documents import training_documents
from foretell.ladder.layout import Layout
from foretell.ladder.plan import Plan, Source
from foretell.ladder.safe_files import read_json, replace_folder

END_OF_TEXT = "<|endoftext|>"
ORIGIN = "made_from.json"  # in the folder of the tokenizer


def prepare_tokenizer(plan: Plan, folder: Path, text: str | None = None) -> Any:
    """Return the tokenizer in `folder`, made there if it is not.

    Args:
        plan: The plan.
        folder: Of the tokenizer, in that of the ladder.
        text: Digest of all text that it would be trained on; `None` does not compare it.

    Returns:
        A fast tokenizer of `transformers` with an end-of-text token.

    Raises:
        DataError: a ready tokenizer cannot be loaded, its vocabulary does not fit the plan's, or the one in
            `folder` was made otherwise.
    """
    if not (folder / "tokenizer.json").is_file():
        tokenizer = _load(plan.tokenizer.name) if plan.tokenizer.name else _train(plan)
        _check_vocabulary(plan, tokenizer)
        replace_folder(folder, lambda temporary: _save(tokenizer, temporary, _origin(plan, text)))
    tokenizer = _load(str(folder))
    _check_origin(plan, folder, text, len(tokenizer))
    _check_vocabulary(plan, tokenizer)
    return tokenizer


def _save(tokenizer: Any, folder: Path, origin: Mapping[str, Any]) -> None:
    tokenizer.save_pretrained(folder)
    (folder / ORIGIN).write_text(json.dumps(origin), encoding="utf-8")


def _origin(plan: Plan, text: str | None) -> dict[str, Any]:
    """Return what makes a tokenizer this one."""
    asked = plan.tokenizer
    is_trained = asked.name is None
    return {
        "vocab_size": asked.vocab_size,
        "name": asked.name,
        "train_bytes": asked.train_bytes if is_trained else None,
        "text": text if is_trained else None,
    }


def _check_origin(plan: Plan, folder: Path, text: str | None, n_tokens: int) -> None:
    """Compare how the tokenizer of a ladder was made with how the plan would make it."""
    path = folder / ORIGIN
    before = read_json(path) if path.is_file() else {"vocab_size": _earlier_size(plan, folder, n_tokens)}
    is_kept = plan.tokenizer.name is not None and Path(plan.tokenizer.name).resolve() == folder.resolve()
    for key, now in _origin(plan, text).items():
        was = before.get(key, now)
        if was == now or (is_kept and key != "vocab_size") or (key == "text" and None in (was, now)):
            continue
        what = "on other text" if key == "text" else f"with {key} {was!r}, and the plan now says {now!r}"
        fix = f'Train into another folder, or keep it: vocab_size = {before["vocab_size"]}, name = "{folder}".'
        raise DataError(f"[tokenizer] {folder} was made {what}. {fix}")


def _earlier_size(plan: Plan, folder: Path, n_tokens: int) -> int:
    """Return the vocabulary of a folder from before it was written down: that of its runs, else the tokenizer's."""
    wanted = plan.tokenizer.vocab_size
    sizes = [read_json(path)["settings"]["vocab_size"] for path in Layout(folder.parent).begun_jobs] or [n_tokens]
    return wanted if wanted in sizes else int(sizes[0])


def _load(name: str) -> Any:
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise MissingExtra("foretell train", "train") from None
    try:
        return AutoTokenizer.from_pretrained(name, use_fast=True)
    except (OSError, ValueError) as error:
        message = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"[tokenizer] {name} cannot be loaded: {message}.") from None


def _check_vocabulary(plan: Plan, tokenizer: Any) -> None:
    wanted, have = plan.tokenizer.vocab_size, len(tokenizer)
    if have > wanted:
        what = f"[tokenizer] has {have} tokens, and vocab_size is {wanted}."
        raise DataError(f"{what} Set vocab_size = {have}, or more; a trained one may be deleted to train another.")
    if tokenizer.eos_token_id is None:
        raise DataError("[tokenizer] has no end-of-text token, which ends a document. Choose another.")


def _train(plan: Plan) -> Any:
    """Train a byte-level BPE: every text can be written in it, and its bytes are counted exactly."""
    try:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
        from transformers import PreTrainedTokenizerFast
    except ImportError:
        raise MissingExtra("foretell train", "train") from None
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=plan.tokenizer.vocab_size,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    sources = [source for source in plan.sources.values() if source.is_trained_on]
    samples = (_sample(source, plan.tokenizer.train_bytes) for source in sources)
    bpe.train_from_iterator(itertools.chain.from_iterable(samples), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token=END_OF_TEXT, eos_token=END_OF_TEXT, pad_token=END_OF_TEXT
    )


def _sample(source: Source, n_bytes: int) -> Iterator[str]:
    """Yield the first documents of a source, the last one cut, up to `n_bytes`."""
    left = n_bytes
    for text in training_documents(source):
        piece = text.encode()[:left].decode(errors="ignore")
        yield piece
        left -= len(piece.encode())
        if left <= 0 or len(piece) < len(text):
            return
