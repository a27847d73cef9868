"""`read_plan`: a TOML file in, a `Plan` out, or all its problems at once."""

import glob
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foretell.errors import DataError
from foretell.ladder.check_plan import check_plan
from foretell.ladder.plan import (
    COMPILES,
    PRECISIONS,
    SCHEDULES,
    STRATEGIES,
    Hardware,
    Plan,
    Schedule,
    Source,
    TokenizerPlan,
)
from foretell.ladder.read_rung import MOST_BATCH, MOST_DEVICES, read_rungs
from foretell.ladder.read_slurm import read_slurm
from foretell.ladder.section import Section

ENDINGS = (".txt", ".jsonl", ".parquet")


def read_plan(path: str | Path, *, files_needed: bool = True) -> Plan:
    """Read a plan file.

    Names of files are taken from the plan's own folder and may hold `*`.

    Args:
        path: The plan file.
        files_needed: Whether the text has to be there; a dry run goes without.

    Raises:
        DataError: the file cannot be read, or its problems, all of them.
    """
    path = Path(path)
    problems: list[str] = []
    top = Section(_read_toml(path), "", problems)
    plan = _plan(path, top, files_needed)
    top.close()
    problems += check_plan(plan) if not problems else []
    if problems:
        count = f"{len(problems)} problems. " if len(problems) > 1 else ""
        raise DataError(f"{path}: {count}{' '.join(problems)}")
    return plan


def _read_toml(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise DataError(f"{path}: there is no such plan file.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is not TOML: {error}. Correct that line.") from None


def _plan(path: Path, top: Section, files_needed: bool) -> Plan:
    name = top.text("name", "ladder") or "ladder"
    data = top.section("data")
    tokenizer = _tokenizer(top.section("tokenizer"), path.parent)
    schedule_section = top.section("schedule")
    schedule = _schedule(schedule_section)
    hardware = _hardware(top.section("hardware"))
    plan = Plan(
        path=path,
        sources=_sources(data.section("sources"), path.parent, files_needed),
        max_epochs=data.number("max_epochs", 4.0, most=1e6),
        eval_tokens=data.whole("eval_tokens", 65_536),
        tokenizer=tokenizer,
        schedule=schedule,
        hardware=hardware,
        rungs=read_rungs(top, schedule_section, schedule.sequence_length, tokenizer.vocab_size, name, hardware.devices),
        slurm=read_slurm(top.section("slurm")),
    )
    data.close()
    schedule_section.close()
    return plan


def _sources(section: Section, folder: Path, files_needed: bool) -> dict[str, Source]:
    sources = {name: _source(name, section.section(name), folder, files_needed) for name in section.names()}
    if not sources:
        section.problems.append('[data.sources] is empty. Name at least one: [data.sources.web] files = ["web/*.txt"].')
    return sources


def _source(name: str, section: Section, folder: Path, files_needed: bool) -> Source:
    hub = section.text("hub")
    if hub is not None and (folder / hub).is_dir():  # a data set of the hub, already here
        hub = str((folder / hub).resolve())
    source = Source(
        name=name,
        files=_files(section, "files", folder, files_needed),
        held_out=_files(section, "held_out", folder, files_needed),
        hub=hub,
        hub_config=section.text("hub_config"),
        split=section.text("split", "train") or "train",
        held_out_documents=section.whole("held_out_documents", 0, least=0),
        text=section.text("text", "text") or "text",
        max_tokens=section.whole("max_tokens") if "max_tokens" in section else None,
    )
    section.close()
    both = sorted(set(source.files) & set(source.held_out))
    if both:
        section.problems.append(f"{section.where}: {both[0].name} is trained on and held out. Take it out of one list.")
    if source.hub and source.files:
        section.problems.append(f"{section.where} has files and hub. Keep one of them.")
    return source


def _files(section: Section, key: str, folder: Path, needed: bool) -> tuple[Path, ...]:
    found: list[Path] = []
    to_come: list[Path] = []  # where the text is not there yet, and need not be
    for pattern in section.texts(key):
        matches = sorted(glob.glob(str(folder / pattern), recursive=True))  # noqa: PTH207  an absolute pattern is allowed
        found += [Path(match) for match in matches]
        if not matches and needed:
            section.problems.append(f"{section.where} {key}: no file matches {pattern!r} beside the plan.")
        elif not matches:
            to_come.append(folder / pattern)
    lost = [file for file in found if not file.is_file()]
    if lost:
        kind = "a folder" if lost[0].is_dir() else "a link to a file that is not there"
        section.problems.append(f"{section.where} {key}: {lost[0].name} is {kind}. Name files that are there.")
    odd = [file.name for file in (*found, *to_come) if file not in lost and file.suffix not in ENDINGS]
    if odd:
        section.problems.append(f"{section.where} {key}: {odd[0]} is none of {', '.join(ENDINGS)}. Convert it.")
    return tuple(dict.fromkeys([*found, *to_come]))


def _tokenizer(section: Section, folder: Path) -> TokenizerPlan:
    name = section.text("name")
    if name is not None and (folder / name).is_dir():
        name = str((folder / name).resolve())
    tokenizer = TokenizerPlan(
        vocab_size=section.whole("vocab_size", None if name else 2048, least=257, most=1e7),
        name=name,
        train_bytes=section.whole("train_bytes", 20_000_000),
    )
    section.close()
    return tokenizer


def _schedule(section: Section) -> Schedule:
    kind = section.text("kind", "cosine", known=SCHEDULES) or "cosine"
    schedule = Schedule(
        kind=kind,
        warmup=section.number("warmup", 0.05, most=0.9),
        decay=section.number("decay", 0.2, least=0.01, most=0.9),
        branches=section.numbers("branches", (), lambda x: 0 < x < 1, "a list of fractions between 0 and 1"),
        final_fraction=section.number("final_fraction", 0.1 if kind == "cosine" else 0.0, most=1),
        sequence_length=section.whole("sequence_length", 256, least=8, most=1e7),
        weight_decay=section.number("weight_decay", 0.1, most=1000),
        clip=section.number("clip", 1.0, most=1e6),
    )
    if len(set(schedule.branches)) < len(schedule.branches):
        section.problems.append(f"[schedule] branches is {list(schedule.branches)}. Give each fraction once.")
    if kind != "wsd" and schedule.branches:
        section.problems.append('[schedule] branches need kind = "wsd": a cosine has no stable part to branch from.')
    early = [share for share in schedule.branches if share * (1 - schedule.decay) <= schedule.warmup]
    if early:
        section.problems.append(f"[schedule] branches: {early[0]:g} would decay before the warm-up ends. Branch later.")
    return schedule


def _hardware(section: Section) -> Hardware:
    hardware = Hardware(
        micro_batch=section.whole("micro_batch", most=MOST_BATCH) if "micro_batch" in section else None,
        devices=section.whole("devices", 1, most=MOST_DEVICES),
        strategy=section.text("strategy", "ddp", known=STRATEGIES) or "ddp",
        threads=section.whole("threads", 1, most=10_000),
        precision=section.text("precision", "auto", known=PRECISIONS) or "auto",
        compile=section.text("compile", "auto", known=COMPILES) or "auto",
        save_seconds=section.number("save_seconds", 30.0, most=1e7),
        tokens_per_second=section.number("tokens_per_second", least=1e-3) if "tokens_per_second" in section else None,
    )
    section.close()
    return hardware
