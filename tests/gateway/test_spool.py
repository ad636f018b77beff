"""The logger's spool: no row is lost while the receiver is down, or when the process dies."""

import importlib.util
from pathlib import Path
from typing import Any

PATH = Path(__file__).resolve().parents[2] / "src" / "stillwatch_litellm" / "spool.py"


def _spool(folder: Path) -> Any:
    """Load the file by itself: the package's other files need a LiteLLM proxy."""
    spec = importlib.util.spec_from_file_location("spool", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Spool(folder)


def test_an_hour_without_a_receiver_loses_nothing(tmp_path: Path) -> None:
    """3,600 rows, tried every minute in vain, by two processes in turn; then all arrive, in order, once."""
    got: list[bytes] = []
    spool = _spool(tmp_path)
    for n in range(3_600):
        spool.add(b"%d" % n)
        if n % 60 == 0:
            assert spool.send(lambda _: False) == 0
        if n == 1_800:
            spool = _spool(tmp_path)
    while spool.send(lambda rows: got.extend(rows.split()) or True):
        pass
    assert got == [b"%d" % n for n in range(3_600)]
    assert spool.send(lambda _: True) == 0


def test_the_package_imports_nothing_of_the_product() -> None:
    """It can be copied into a proxy that has no Stillwatch."""
    for path in PATH.parent.glob("*.py"):
        text = path.read_text()
        assert "import stillwatch\n" not in text
        assert "from stillwatch." not in text
