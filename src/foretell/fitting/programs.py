"""Compiled programs: few shapes, kept on disk, run on all cores."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from foretell.io.cache import cache_folder

FEWEST_POINTS = 16
Part = TypeVar("Part")
Done = TypeVar("Done")


def keep_programs_on_disk(jax: Any) -> None:
    """Point XLA's compilation cache at our cache folder, unless the user has chosen one."""
    if jax.config.jax_compilation_cache_dir is not None:
        return
    jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def padded(n_points: int) -> int:
    """Round up to a quarter of a power of two, so that few shapes are compiled and little is wasted."""
    quarter = max(FEWEST_POINTS, 1 << (n_points - 1).bit_length()) // 8
    return -(-n_points // quarter) * quarter


def on_all_cores(advance: Callable[[Part], Done], parts: list[Part]) -> list[Done]:
    """Run the parts on threads (XLA lets go of the interpreter); the first alone, since it compiles."""
    if not parts:
        return []
    first = advance(parts[0])
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return [first, *pool.map(advance, parts[1:])]
