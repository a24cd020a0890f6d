"""The key to mask with: from the environment, or made once beside the state, for its owner alone."""

from pathlib import Path

import pytest

from reconcile.errors import UsageError
from reconcile.project.mask_key import find_masker


def test_a_key_is_made_once_and_kept_for_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first = find_masker({}, folder).text("ann")
    assert find_masker({}, folder).text("ann") == first
    assert (folder / "mask.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["mask.key"]


def test_two_folders_have_two_keys(tmp_path: Path) -> None:
    assert find_masker({}, tmp_path / "a").text("ann") != find_masker({}, tmp_path / "b").text("ann")


def test_the_environments_key_wins_and_makes_no_file(tmp_path: Path) -> None:
    environ = {"BONUSCTL_MASK_KEY": "sixteen or longer"}
    assert find_masker(environ, tmp_path).text("ann") == find_masker(environ, None).text("ann")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("key", "accepted"), [("fifteen letters", False), ("sixteen letters!", True)])
def test_a_key_has_sixteen_characters_at_least(key: str, accepted: bool) -> None:
    if accepted:
        assert find_masker({"BONUSCTL_MASK_KEY": key}, None)
        return
    with pytest.raises(UsageError, match="too short") as caught:
        find_masker({"BONUSCTL_MASK_KEY": key}, None)
    assert key not in str(caught.value)


def test_without_key_and_folder_it_says_what_to_set() -> None:
    with pytest.raises(UsageError, match="BONUSCTL_MASK_KEY"):
        find_masker({}, None)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    find_masker({}, tmp_path)
    (tmp_path / "mask.key").chmod(0o640)
    with pytest.raises(UsageError, match="its owner alone"):
        find_masker({}, tmp_path)


@pytest.mark.parametrize("content", ["", "short", "Z" * 64, "a" * 64 + "b"])
def test_a_file_without_a_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mask.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="holds no key"):
        find_masker({}, tmp_path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    find_masker({}, tmp_path / "elsewhere")
    (tmp_path / "mask.key").symlink_to(tmp_path / "elsewhere" / "mask.key")
    with pytest.raises(UsageError, match="cannot be read"):
        find_masker({}, tmp_path)
