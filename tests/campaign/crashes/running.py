"""Runs a block's trials, shared among processes with servers of their own."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from ..table import Row
from .blocks import BLOCKS
from .blocks import Block
from .mutants import BROKEN
from .series import Share
from .servers import Servers
from .trials import Ground
from .trials import Tally


EVERY_BLOCK = (*BLOCKS, *BROKEN)
MEMORY = Path("/dev/shm")


def run(block: Block, seed: int, part: float, processes: int, round_: int) -> Row:
    """Share the trials of a block among processes."""
    begun = time.monotonic()
    tally = Tally()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        shares = [
            pool.submit(_share, block.id, Share(seed, part, number, processes))
            for number in range(processes)
        ]
        for share in shares:
            tally.add(share.result())
    return Row(
        id=block.id,
        title=block.title,
        round=round_,
        seed=seed,
        tally=tally,
        seconds=time.monotonic() - begun,
        must_be_red=block.red,
    )


def _share(id: str, share: Share) -> Tally:
    """Do a share of a block in this process."""
    [block] = [block for block in EVERY_BLOCK if block.id == id]
    tally = Tally()
    where = MEMORY if MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="campaign-", dir=where) as folder,
        Servers(Path(folder) / "servers") as servers,
    ):
        ground = Ground(folder=Path(folder), servers=servers)
        ground.warm_up()
        for series in block.series(ground, share):
            tally.add(series.run())
    return tally
