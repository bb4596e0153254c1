"""Looks at the folders that evidence is written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_attach_evidence.destinations.folder_seen import look_into
from pytest_attach_evidence.errors import DestinationClosedError


OPTION = "evidence_archive_dir"


def test_the_nearest_folder_that_is_there_tells_the_room(tmp_path: Path) -> None:
    """Nothing is made to find out."""
    look = look_into("archive", tmp_path / "a" / "b", option=OPTION, max_size=1)

    [fact] = look.facts
    assert fact.seen.endswith(f"free at {tmp_path}")
    assert ((), []) == (look.problems, [*tmp_path.iterdir()])


def test_less_room_than_one_piece_may_need_is_a_warning(tmp_path: Path) -> None:
    """It names the option that leads elsewhere."""
    look = look_into("spool", tmp_path, option="evidence_dir", max_size=2**80)

    [problem] = look.problems
    assert ("spool", "warning") == (problem.subject, problem.severity)
    assert "evidence_dir" in problem.next_step


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_folder_is_named(tmp_path: Path, kind: str) -> None:
    """A file, and a link that leads nowhere: in neither place a folder can be made."""
    place = tmp_path / "place"
    if kind == "file":
        place.write_text("")
    else:
        place.symlink_to(tmp_path / "gone")

    with pytest.raises(DestinationClosedError, match=f"{place} does not allow it"):
        look_into("archive", place / "below", option=OPTION, max_size=1)
    with pytest.raises(DestinationClosedError, match=f"{place} does not allow it") as refused:
        look_into("archive", place, option=OPTION, max_size=1)

    assert OPTION in refused.value.next_step
