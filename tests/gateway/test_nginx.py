"""A real nginx asks us with auth_request: allow, deny, challenge, and our death, open or closed by its own file."""

import shutil
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="serving needs the extra 'gateway'")
import real

pytestmark = pytest.mark.slow
CONFIG = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location / {{ auth_request /ask; proxy_pass http://127.0.0.1:{model}; }}
    location /open/ {{ auth_request /ask-open; proxy_pass http://127.0.0.1:{model}; }}
    location = /ask {{
      internal; proxy_pass http://127.0.0.1:{ours}/nginx; proxy_pass_request_body off;
      proxy_set_header Content-Length ""; proxy_set_header X-Original-URI $request_uri;
      proxy_connect_timeout 200ms; proxy_read_timeout 2s;
    }}
    location = /ask-open {{
      internal; proxy_pass http://127.0.0.1:{ours}/nginx; proxy_pass_request_body off;
      proxy_set_header Content-Length ""; proxy_set_header X-Original-URI $request_uri;
      proxy_connect_timeout 200ms; proxy_read_timeout 2s;
      proxy_intercept_errors on; error_page 500 502 503 504 =200 @pass;
    }}
    location @pass {{ return 204; }}
  }}
}}
"""


def test_allow_deny_challenge_and_our_death(tmp_path: Path) -> None:
    """403 for a block, 401 for a challenge; dead, the closed route answers 500 and the open one lets through."""
    nginx = shutil.which("nginx")
    if nginx is None:
        pytest.skip("nginx is not installed; apt install nginx-light")
    port = real.free_port()
    with real.model() as (model_port, _), real.served(tmp_path, ("bad",), ("odd",)) as (_, ours, process):
        config = tmp_path / "nginx.conf"
        config.write_text(CONFIG.format(folder=tmp_path, port=port, model=model_port, ours=ours))
        tmp_path.chmod(0o755)
        with real.started([nginx, "-c", str(config), "-p", str(tmp_path)], port, tmp_path / "nginx.log") as front:
            for path in ("/v1/chat", "/open/v1/chat"):
                assert [real.ask(port, path, a)[0] for a in ("stranger", "bad", "odd")] == [200, 403, 401]
            process.kill()
            process.wait()
            assert {real.ask(port, "/v1/chat", "stranger")[0] for _ in range(20)} == {500}
            assert {real.ask(port, "/open/v1/chat", "stranger")[0] for _ in range(20)} == {200}
            front.terminate()
            front.wait()
