"""The gateway's folder: ledger, snapshot, known campaigns; and publishing one from the others.

In: a folder, perhaps the URL of a shared ledger. Out: a snapshot that says what the ledger says.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stillwatch.gateway.snapshot import Contents, version_of, write_snapshot
from stillwatch.pipeline.acting import Books, Report
from stillwatch.pipeline.linking import merged
from stillwatch.whole import write_whole


@dataclass(frozen=True, slots=True)
class Home:
    """Where the gateway keeps its state. place: of the ledger. Its folder serves a scan as `--known`."""

    folder: Path
    place: str

    @property
    def snapshot(self) -> Path:
        """The snapshot that doors look up in."""
        return self.folder / "decisions.snapshot"

    @property
    def seen(self) -> Path:
        """Folder of the rows that doors were sent, one JSON object a line, for the next scan."""
        return self.folder / "seen"

    @property
    def innocents(self) -> Path:
        """Accounts that were found innocent on appeal, one a line."""
        return self.folder / "innocents.txt"

    def settled(self) -> list[str]:
        """Accounts that reports looked at for two days or more: none of them is a fresh one."""
        return _text(self.folder / "settled.txt").splitlines()

    def indicators(self) -> str:
        """Known campaigns, as text."""
        return _text(self.folder / "indicators.json")

    def remember(self, report: Report) -> None:
        """Keep a report's known campaigns and the accounts it looked at, for live linking."""
        self.folder.mkdir(parents=True, exist_ok=True)
        indicators, settled = self.folder / "indicators.json", self.folder / "settled.txt"
        write_whole(indicators, merged(_text(indicators), report.known).encode())
        write_whole(settled, "\n".join(sorted(report.settled | set(_text(settled).splitlines()))).encode())

    def publish(self, books: Books, now: datetime) -> int:
        """Write the snapshot of what stands, and give the version it has; and the accounts found innocent on appeal,
        for the next scan.
        """
        held = books.standing(now)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.innocents, "".join(f"{account}\n" for account in books.innocents()).encode())
        write_snapshot(
            Contents(
                version=held.version,
                made_at=now.timestamp(),
                decisions=held.decisions,
                exemptions=held.exemptions,
                caps=held.caps,
                follow_ups=held.follow_ups,
                settled=self.settled(),
                indicators=self.indicators(),
            ),
            self.snapshot,
        )
        return held.version

    def published(self) -> int:
        """The version of the snapshot that is there; -1 if there is none."""
        return version_of(self.snapshot)


def home_of(folder: Path, url: str = "") -> Home:
    """Name the gateway's folder and its ledger: in the folder, unless a URL is given."""
    return Home(folder, url or str(folder / "ledger.sqlite"))


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
