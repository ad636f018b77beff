"""The built wheel works by itself: what users install, not what stands in the tree."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _uv() -> str:
    ours = ROOT / "build" / "uv" / "bin" / "uv"
    found = str(ours) if ours.exists() else shutil.which("uv")
    if found is None:
        pytest.skip("uv is not installed; ./test installs it")
    return found


def _run(*command: str | Path, cwd: Path) -> str:
    """Run a program with nothing of the tree in its reach; its standard output."""
    surroundings = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(command, cwd=cwd, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment that holds the wheel and the locked versions of what it needs; its bin folder."""
    place = tmp_path_factory.mktemp("wheel")
    uv = _uv()
    _run(uv, "build", "--quiet", "--wheel", "--out-dir", place, ROOT, cwd=place)
    locked = place / "locked.txt"
    export = ("export", "--quiet", "--locked", "--no-dev", "--no-emit-project", "--output-file", locked)
    _run(uv, *export, "--project", ROOT, cwd=place)
    _run(uv, "venv", "--quiet", "--python", "3.11", place / "env", cwd=place)
    (wheel,) = place.glob("*.whl")
    into = ("pip", "install", "--quiet", "--python", place / "env" / "bin" / "python")
    _run(uv, *into, "--requirements", locked, cwd=place)
    _run(uv, *into, "--no-deps", wheel, cwd=place)
    return place / "env" / "bin"


def test_the_installed_program_says_its_version(installed: Path, tmp_path: Path) -> None:
    """The version is that of the tree the wheel was built from."""
    source = (ROOT / "src" / "stillwatch" / "__init__.py").read_text(encoding="utf-8")
    version = source.partition('__version__ = "')[2].partition('"')[0]
    assert f"stillwatch {version}\n" == _run(installed / "stillwatch", "--version", cwd=tmp_path)


def test_the_program_runs_from_the_wheel_and_not_from_the_tree(installed: Path, tmp_path: Path) -> None:
    """Nothing below is true of the wheel if the tree's files answer."""
    where = _run(installed / "python", "-c", "import stillwatch; print(stillwatch.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)


def test_the_installed_demo_writes_its_report(installed: Path, tmp_path: Path) -> None:
    """All shipped files (prompts, weights, price lists, page parts) are inside the wheel."""
    _run(installed / "stillwatch", "demo", "--scale", "0.05", "--out", tmp_path / "out", cwd=tmp_path)
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"campaigns.json", "coverage.json", "members.parquet", "exchanges.parquet", "report.html"} <= written
