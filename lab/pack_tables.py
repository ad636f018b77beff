"""Requests for data analysis with real numbers, for the simulator's pack: a question and the table it is about.

In: the shared data folder (load of real clients of a model service; flights and reservations of a travel desk). Out:
texts, each with the question it was made from. The numbers are real, the questions are written for the simulator and
are not those that the target classifier learns from (lab/targets). Read `pack_prompts` next.
"""

import csv
import io
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

SEED, TEXTS = 20260301, 4_000
FEWEST_ROWS, MOST_ROWS = 6, 18

# every question names columns of its table, so that it can be answered from the rows
LOAD = (
    "Is the daily cycle of requests_per_second in these samples still visible once the noisiest decile is dropped?",
    "Between which two consecutive samples does requests_per_second jump the most, and is that jump unusual?",
    "Estimate how many servers we need if one server takes 40 requests_per_second and bursts follow variation.",
    "How does variation depend on requests_per_second? Fit something simple and tell me how far to trust it.",
    "Give the 50th, 90th and 99th percentile of requests_per_second, and what a capacity planner should read there.",
    "Compare the first half of the window with the second: did the mean load move by more than chance explains?",
    "Which hours would you exclude as outages before computing a weekly baseline of requests_per_second?",
    "The client asks for a flat price. Project the monthly total of requests from this sample with an interval.",
)
FLIGHTS = (
    "By how much is business dearer than economy on each route, and does the ratio depend on the seats left?",
    "Which flights would earn the most if every remaining seat were sold at its listed price?",
    "Do fuller flights cost more? Check economy against economy_seats and report the strength of the relation.",
    "Aggregate revenue at risk per origin if flights with fewer than five economy seats are sold out tomorrow.",
    "Rank the destinations by median economy price and say where the sample is too thin to rank.",
    "I want the share of flights below 120 in economy, split by origin, plus the overall figure.",
)
BOOKINGS = (
    "What do customers pay per flight leg by cabin, and is the gap between cabins larger than the spread in them?",
    "Break total_price down by cabin and insurance. Where is the mean pulled up by a single booking?",
    "Does the number of bags explain total_price once legs is taken into account?",
    "Build a monthly cohort from created and show how the average basket moved.",
    "Which bookings are more than two standard deviations from the others in price per leg? Could they be errors?",
    "How many bookings have insurance, by cabin, and what would revenue be if it cost 30 for everyone without?",
)
OPENINGS = (
    "{question}\n\n{table}",
    "{table}\n\n{question}",
    "Extract attached, {count} rows.\n{table}\n{question}",
    "Our finance team exported this from the warehouse:\n\n{table}\n\n{question}",
    "{question} The rows were pulled this morning, nothing has been cleaned.\n{table}",
)

Row = dict[str, object]


def tables(folder: Path) -> Iterator[tuple[str, str]]:
    """Give (question, text): the question decides which half of the pack a text belongs to."""
    rng = random.Random(SEED)
    pools = ((LOAD, _load(folder)), (FLIGHTS, _flights(folder)), (BOOKINGS, _bookings(folder)))
    for _ in range(TEXTS):
        questions, groups = rng.choice(pools)
        rows = rng.choice(groups)
        size = min(len(rows), rng.randint(FEWEST_ROWS, MOST_ROWS))
        first = rng.randint(0, len(rows) - size)
        question = rng.choice(questions)
        written = rng.choice(WRITERS)(rows[first : first + size])
        yield question, rng.choice(OPENINGS).format(question=question, table=written, count=size)


def _load(folder: Path) -> list[list[Row]]:
    """Samples of the load of each client with enough of them."""
    columns = ["client", "t_sec", "rate", "cv"]
    found: dict[str, list[Row]] = {}
    for row in pq.read_table(folder / "servegen_clients.parquet", columns=columns).to_pylist():
        own = found.setdefault(str(row["client"]), [])
        rate, variation = round(row["rate"], 3), round(row["cv"], 2)
        own.append({"hour": round(row["t_sec"] / 3_600, 1), "requests_per_second": rate, "variation": variation})
    return [rows for rows in found.values() if len(rows) >= 4 * MOST_ROWS]


def _flights(folder: Path) -> list[list[Row]]:
    """All flights that the travel desk's tools answered with, as one table cut into pieces."""
    rows: dict[str, Row] = {}
    for record in _records(folder):
        if "flight_number" in record and "prices" in record and "available_seats" in record:
            seats, prices = record["available_seats"], record["prices"]
            row: Row = {
                "flight": record["flight_number"],
                "origin": record["origin"],
                "destination": record["destination"],
            }
            row |= {"economy_seats": seats["economy"], "economy": prices["economy"], "business": prices["business"]}
            rows[f"{record['flight_number']} {prices}"] = row
    return _pieces(list(rows.values()))


def _bookings(folder: Path) -> list[list[Row]]:
    """All reservations that the tools answered with."""
    rows: dict[str, Row] = {}
    for record in _records(folder):
        legs = record.get("flights")
        if "reservation_id" in record and legs and all("price" in leg for leg in legs):
            row: Row = {"booking": record["reservation_id"], "created": str(record["created_at"])[:10]}
            row |= {"cabin": record["cabin"], "legs": len(legs), "bags": record["total_baggages"]}
            row |= {"insurance": record["insurance"], "total_price": sum(leg["price"] for leg in legs)}
            rows[record["reservation_id"]] = row
    return _pieces(list(rows.values()))


def _records(folder: Path) -> Iterator[dict[str, Any]]:
    for text in pq.read_table(folder / "benign_agent_taubench.parquet", columns=["text"])["text"].to_pylist():
        if text[:1] in "[{":
            try:
                yield from _flattened(json.loads(text))
            except ValueError:
                continue


def _flattened(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _flattened(part)


def _pieces(rows: list[Row]) -> list[list[Row]]:
    return [rows[first : first + 3 * MOST_ROWS] for first in range(0, len(rows) - MOST_ROWS, MOST_ROWS)]


def _separated(rows: list[Row], between: str) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=between, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().strip()


def _comma(rows: list[Row]) -> str:
    return _separated(rows, ",")


def _tabbed(rows: list[Row]) -> str:
    return _separated(rows, "\t")


def _piped(rows: list[Row]) -> str:
    lines = [list(rows[0]), ["---"] * len(rows[0]), *([str(v) for v in row.values()] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _lines_of_json(rows: list[Row]) -> str:
    return "\n".join(json.dumps(row) for row in rows)


WRITERS: tuple[Callable[[list[Row]], str], ...] = (_comma, _comma, _tabbed, _piped, _lines_of_json)
