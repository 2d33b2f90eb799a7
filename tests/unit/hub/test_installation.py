"""A data folder belongs to one hub at a time, and has one name at the broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import FolderInUse, StorageUnavailable
from hub.running.installation import Installation


def test_a_folder_is_one_hubs_while_it_runs(tmp_path: Path) -> None:
    """The second is told which folder and what to do; when the first is gone, the folder is free."""
    first = Installation(tmp_path / "data")
    with pytest.raises(FolderInUse, match=r"another hub is using .*data: stop that one first"):
        Installation(tmp_path / "data")
    first.release()
    Installation(tmp_path / "data").release()


def test_a_folder_keeps_its_name_and_two_folders_have_two(tmp_path: Path) -> None:
    """The broker knows a hub again by it, and tells two hubs apart."""
    names = []
    for folder in ("one", "one", "two"):
        installation = Installation(tmp_path / folder)
        names.append(installation.name(lambda folder=folder: f"{folder}0123456789ab"))  # type: ignore[misc]  # bound now
        installation.release()
    assert names[0] == names[1] != names[2]


@pytest.mark.parametrize("left", [b"", b"\0" * 12, b"half"])
def test_a_name_that_a_power_cut_spoilt_is_made_anew(tmp_path: Path, left: bytes) -> None:
    """An empty name would be the same for every hub that it happened to."""
    (tmp_path / "instance-id").write_bytes(left)
    installation = Installation(tmp_path)
    assert installation.name(lambda: "0123456789abcdef") == "0123456789ab"
    assert installation.name(lambda: "another name") == "0123456789ab"
    installation.release()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "data").write_bytes(b"")
    with pytest.raises(StorageUnavailable, match=r"data: .*the hub's user may write there"):
        Installation(tmp_path / "data")
