"""What a person or a program reads: terminal, HTML page, JSON, Parquet, CSV.

In: a `types.Scan`, and the taken exchanges as a stream. Out: text on a console and files in a folder. Every string
of a log passes `clean`; in HTML also `page.markup`, the only place that makes markup. Read `answers` first.
"""

from stillwatch.report.as_json import scan_json
from stillwatch.report.clean import visible
from stillwatch.report.cost import print_cost
from stillwatch.report.explained import explanation_json, print_explanation
from stillwatch.report.folder import check_writable, write_scan
from stillwatch.report.inspection import Inspection, inspection_json, print_inspection
from stillwatch.report.page import html_page
from stillwatch.report.page.scoreboard import scoreboard_page
from stillwatch.report.scores import print_scoreboard, scoreboard_json
from stillwatch.report.spreadsheet import members_csv
from stillwatch.report.stream_windows import print_windows, windows_json
from stillwatch.report.terminal import print_scan

__all__ = [
    "Inspection",
    "check_writable",
    "explanation_json",
    "html_page",
    "inspection_json",
    "members_csv",
    "print_cost",
    "print_explanation",
    "print_inspection",
    "print_scan",
    "print_scoreboard",
    "print_windows",
    "scan_json",
    "scoreboard_json",
    "scoreboard_page",
    "visible",
    "windows_json",
    "write_scan",
]
