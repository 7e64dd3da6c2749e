"""The manifest of a batch: what it holds after every way to end, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatecore.engine.manifest import Manifest, ManifestError


def test_finished_documents_are_known_again(tmp_path: Path) -> None:
    path = tmp_path / "batch"
    with Manifest(path) as manifest:
        assert "one" not in manifest
        manifest.add("1.txt", "one", "LOW")
        manifest.add("ü\n\ud800.txt", "two", None)
    with Manifest(path) as manifest:
        assert "one" in manifest
        assert "two" in manifest
        assert len(manifest) == 2


def test_a_file_cut_anywhere_is_read_as_far_as_its_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "batch"
    with Manifest(path) as manifest:
        for number in range(3):
            manifest.add(f"{number}.txt", f"digest {number}", "HIGH")
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        with Manifest(path) as manifest:
            lines = whole[:cut].count(b"\n")
            assert len(manifest) == max(0, lines - 1)
            manifest.add("more.txt", "more", "LOW")
        with Manifest(path) as manifest:
            assert len(manifest) == max(0, lines - 1) + 1


@pytest.mark.parametrize(
    "content",
    [
        b"my letters\n",
        b"\x00\xff",
        b'{"gatecore": "manifest", "version": 2}\n',
        b'{"gatecore": "manifest", "version": 1}\nnonsense\n',
        b'{"gatecore": "manifest", "version": 1}\n{"digest": 1}\n',
    ],
)
def test_another_file_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match="not a line of a manifest"):
        Manifest(path)
    assert path.read_bytes() == content


def test_two_batches_do_not_share_one(tmp_path: Path) -> None:
    with Manifest(tmp_path / "batch"), pytest.raises(ManifestError, match="another batch"):
        Manifest(tmp_path / "batch")
    with Manifest(tmp_path / "batch"):
        pass


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No such file"):
        Manifest(tmp_path / "missing" / "batch")
