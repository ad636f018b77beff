"""A real nginx before a model: `/` is closed when we fail, `/open/` is open.

In: ports. Out: nginx's port. Needs the program: `apt install nginx-light`.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateways import own

_CONFIG = """
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
      proxy_connect_timeout 200ms; proxy_read_timeout {waits}ms;
    }}
    location = /ask-open {{
      internal; proxy_pass http://127.0.0.1:{ours}/nginx; proxy_pass_request_body off;
      proxy_set_header Content-Length ""; proxy_set_header X-Original-URI $request_uri;
      proxy_connect_timeout 200ms; proxy_read_timeout {waits}ms;
      proxy_intercept_errors on; error_page 500 502 503 504 =200 @pass;
    }}
    location @pass {{ return 204; }}
  }}
}}
"""
_MODEL = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; keepalive_requests 1000000;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ return 200 "hello"; }} }}
}}
"""


@contextmanager
def nginx(folder: Path, model: int, ours: int, timeout_seconds: float = 2.0) -> Iterator[int]:
    """Start it; timeout_seconds: how long it waits for us."""
    with _started(folder, _CONFIG, model=model, ours=ours, waits=round(timeout_seconds * 1000)) as port:
        yield port


@contextmanager
def quick_model(folder: Path) -> Iterator[int]:
    """A mock model that answers at once, for tables of times."""
    with _started(folder, _MODEL) as port:
        yield port


@contextmanager
def _started(folder: Path, text: str, **values: object) -> Iterator[int]:
    folder.mkdir(exist_ok=True)
    port, config = own.free_port(), folder / "nginx.conf"
    config.write_text(text.format(folder=folder, port=port, **values))
    folder.chmod(0o755)
    command = [shutil.which("nginx") or "nginx", "-c", str(config), "-p", str(folder)]
    with own.started(command, port, folder / "nginx.log") as front:
        yield port
        front.terminate()
        front.wait()
