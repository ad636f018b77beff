"""The house style's promises about the tree itself: imports, sizes, names, docstrings, vendor names.

Everything is read with `ast`, so code inside functions counts as well.
Each test collects every breach and names file:line.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "stillwatch"
GROUND = frozenset({
    "abreast", "crowded", "leiden", "lookup", "loops", "stream", "types", "tables", "schemas", "errors", "settings",
    "bits", "ids", "whole",
})  # fmt: skip
COMPOSERS = frozenset({"pipeline"})
SHELLS = frozenset({"cli", "console", "gateway"})
SHELL_ALSO = frozenset({"report", "simulate", "share", "gateway"})
ENGINE_LIBRARIES = frozenset({"duckdb", "pyspark"})
VENDOR_HOMES = frozenset({"engine", "read", "gateway", "share"})
VENDORS = re.compile(r"litellm|langfuse|bedrock|vertexai|cloudflare|envoy|duckdb|pyspark", re.IGNORECASE)
BANNED = frozenset(
    {"utils", "util", "misc", "common", "helper", "helpers", "manager", "handler", "info", "data", "item"}
)
ALLOWED_NAMES = frozenset({"StillwatchError", "DATA_ANALYSIS"})  # the base of all errors; a target by its given name
FILE_LINES = 400
FUNCTION_LINES = 50

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """One source file: its dotted name below the package ("" is the package itself), its stage and its tree."""

    path: Path
    name: str
    stage: str
    tree: ast.Module

    def at(self, line: int) -> str:
        return f"{self.path.relative_to(ROOT)}:{line}"


def _module(path: Path) -> Module:
    parts = path.relative_to(SRC).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    return Module(path, ".".join(parts), parts[0] if parts else "", tree)


MODULES = tuple(_module(path) for path in sorted(SRC.rglob("*.py")))
NAMES = frozenset(module.name for module in MODULES) - {""}


def _imports(module: Module) -> Iterator[tuple[int, str]]:
    """Every imported module as (line, dotted name), relative imports made absolute."""
    package = module.name.split(".") if module.path.stem == "__init__" else module.name.split(".")[:-1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                kept = [part for part in package if part][: len(package) - node.level + 1]
                base = ".".join(["stillwatch", *kept, *([base] if base else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def _own_imports(module: Module) -> Iterator[tuple[int, str]]:
    """Imports of our own modules as (line, module name below the package): of `a.b.c`, the longest part that is one."""
    for line, dotted in _imports(module):
        if dotted.split(".")[0] == "stillwatch":
            parts = dotted.split(".")[1:]
            prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
            name = next((prefix for prefix in prefixes if prefix in NAMES), None)
            if name is not None:
                yield line, name


def _functions(module: Module) -> Iterator[Function]:
    return (node for node in ast.walk(module.tree) if isinstance(node, Function))


def _may_import(importer: str, imported: str) -> bool:
    if imported in GROUND or imported == importer or importer in COMPOSERS:
        return importer not in GROUND or imported in GROUND
    if importer == "__main__":
        return imported == "cli"
    if importer in SHELLS:
        return imported in COMPOSERS or imported in SHELL_ALSO
    return False


def _fail_with(breaches: list[str]) -> None:
    if breaches:
        pytest.fail("\n".join(breaches), pytrace=False)


def test_there_is_a_tree_to_check() -> None:
    """A wrong path would make every other test here pass without looking."""
    assert {"types", "tables", "settings"} <= NAMES


def test_a_stage_imports_the_ground_floor_and_no_other_stage() -> None:
    """Only `pipeline` composes stages; `cli`, `console` and `gateway` call them."""
    _fail_with(
        [
            f"{module.at(line)}: {module.stage} imports {name}"
            for module in MODULES
            for line, name in _own_imports(module)
            if module.stage and not _may_import(module.stage, name.split(".")[0])
        ]
    )


def test_no_module_is_reached_from_itself() -> None:
    """Imports form no cycle, function-local ones included; a package stands apart from the modules inside it."""
    edges = {module.name: {name for _, name in _own_imports(module)} - {module.name} for module in MODULES}
    _fail_with([f"cycle: {' -> '.join(cycle)}" for cycle in _cycles(edges)])


def _cycles(edges: dict[str, set[str]]) -> list[list[str]]:
    done: set[str] = set()
    found: list[list[str]] = []

    def walk(name: str, trail: list[str]) -> None:
        if name in trail:
            found.append([*trail[trail.index(name) :], name])
        elif name not in done:
            for reached in sorted(edges.get(name, ())):
                walk(reached, [*trail, name])
            done.add(name)

    for name in sorted(edges):
        walk(name, [])
    return found


def test_the_cycle_search_finds_a_cycle() -> None:
    """The search is right about a graph whose only cycle is known."""
    assert _cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c", "b"]]


def test_files_have_at_most_400_lines() -> None:
    """A longer file becomes a folder of the same name with the same public function."""
    lengths = {module.path: len(module.path.read_text(encoding="utf-8").splitlines()) for module in MODULES}
    _fail_with([f"{path.relative_to(ROOT)}: {count} lines" for path, count in lengths.items() if count > FILE_LINES])


def test_functions_have_at_most_50_lines() -> None:
    """From `def` to the last line of the body."""
    _fail_with(
        [
            f"{module.at(function.lineno)}: {function.name} has {_length(function)} lines"
            for module in MODULES
            for function in _functions(module)
            if _length(function) > FUNCTION_LINES
        ]
    )


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_no_name_uses_a_banned_word() -> None:
    """Files, classes, functions, parameters and variables say what they are; no name repeats the product's."""
    _fail_with(
        [
            f"{module.at(line)}: {name}"
            for module in MODULES
            for line, name in _defined_names(module)
            if BANNED & set(_words(name)) or _words(name)[:1] == ["stillwatch"]
        ]
    )


def _defined_names(module: Module) -> Iterator[tuple[int, str]]:
    yield 1, module.path.stem.strip("_")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef | Function) and node.name not in ALLOWED_NAMES:
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id not in ALLOWED_NAMES:
            yield node.lineno, node.id


def _words(name: str) -> list[str]:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).strip("_").lower().split("_")


def test_every_module_has_a_docstring() -> None:
    """It says what flows in, what flows out, and where to read next."""
    _fail_with([f"{module.at(1)}: no module docstring" for module in MODULES if not ast.get_docstring(module.tree)])


def test_only_the_engine_imports_an_engine() -> None:
    """Stages build Ibis expressions; nothing outside `engine` knows what runs them."""
    _fail_with(
        [
            f"{module.at(line)}: imports {name}"
            for module in MODULES
            for line, name in _imports(module)
            if module.stage != "engine" and name.split(".")[0] in ENGINE_LIBRARIES
        ]
    )


def test_vendor_names_stay_at_the_edges() -> None:
    """In code, vendors are named in `engine`, `read`, `gateway` and `share` only; a command may offer an engine."""
    _fail_with(
        [
            f"{module.at(node.lineno)}: {name}"
            for module in MODULES
            if module.stage not in VENDOR_HOMES | COMPOSERS | SHELLS
            for node, name in _code_names(module)
            if VENDORS.search(name)
        ]
    )


def _code_names(module: Module) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Identifiers and attribute names; strings and docstrings may explain."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name):
            yield node, node.id
        elif isinstance(node, ast.Attribute):
            yield node, node.attr
        elif isinstance(node, ast.ClassDef | Function):
            yield node, node.name


def test_the_lab_imports_the_product_and_never_the_reverse() -> None:
    """A shipped module that needed `lab` would break in the wheel."""
    _fail_with(
        [
            f"{module.at(line)}: imports {name}"
            for module in MODULES
            for line, name in _imports(module)
            if name.split(".")[0] in {"lab", "tests"}
        ]
    )
