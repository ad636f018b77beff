"""serve.toml is read once, and a mistake in it is said in words."""

from pathlib import Path

import pytest

from stillwatch.errors import SettingsError
from stillwatch.gateway.gate import Route
from stillwatch.gateway.settings_file import load_served

ROUTE = '[[route]]\nprefix = "/v1/chat"\non_failure = "closed"\n'


def test_routes_and_headers_are_read(tmp_path: Path) -> None:
    """Names of headers in lower case."""
    (tmp_path / "serve.toml").write_text(f'[identity]\naccount = "X-Id"\nclient = ["User-Agent", "X-JA4"]\n{ROUTE}')
    found = load_served(tmp_path / "serve.toml")
    assert (found.identity.account, found.identity.client) == ("x-id", ("user-agent", "x-ja4"))
    assert found.routes == (Route("/v1/chat", "closed"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("refresh_seconds = nan", "refresh_seconds must be above 0 and at most 3,600"),
        ("refresh_seconds = inf", "refresh_seconds must be above 0 and at most 3,600"),
        ("refresh_seconds = '1'", "refresh_seconds must be above 0 and at most 3,600"),
        ("listen = 5", "listen, grpc, redis and traces are texts"),
        ("listen = 'here'", "'here' is not HOST:PORT"),
        ("lissten = 'here'", "no key is called 'lissten'; known: grpc, "),
        ("route = 5", r"write \[\[route\]\] and \[identity\] as tables"),
        ("[[route]]\nprefx = '/'", r"no key of \[\[route\]\] is called 'prefx'; known: on_failure, prefix"),
        ("[[route]]\non_failure = 'open'", "route.prefix is a text"),
        ("[[route]]\nprefix = '/'", "route.on_failure is open or closed"),
        ("[identity]\nacount = 'x'", r"no key of \[identity\] is called 'acount'; known: account, "),
        ("[identity]\naccount = 5", "names of headers"),
        ("[identity]\nclient = 'x'", "identity.client is a list of names of headers"),
        ("[identity]\nforwarded_hops = -1", "identity.forwarded_hops must be 0 to 32"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "serve.toml").write_text(text + "\n")
    with pytest.raises(SettingsError, match=rf"serve.toml: .*{said}"):
        load_served(tmp_path / "serve.toml")
