"""The targets that only pass on: none at all, the smallest relay on aiohttp, and nginx."""

import contextlib
import importlib.metadata
import shutil
import subprocess
from collections.abc import Iterator

from benchmarks import programs
from benchmarks.programs import server
from benchmarks.target import Running, Setting, Target, Unavailable


@contextlib.contextmanager
def _straight(setting: Setting) -> Iterator[Running]:
    yield Running(setting.upstream.url, "", (setting.upstream,))


@contextlib.contextmanager
def _bare(setting: Setting) -> Iterator[Running]:
    with server("benchmarks.bare", setting.upstream.url) as running:
        yield Running(running.url, importlib.metadata.version("aiohttp"), (running,))


_NGINX = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_buffer_size 2m;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream provider {{ server {upstream}; keepalive 256; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


@contextlib.contextmanager
def _nginx(setting: Setting) -> Iterator[Running]:
    executable = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if executable is None:
        raise Unavailable("not installed. On Debian: apt-get install nginx-light")
    directory, port = setting.own("nginx"), programs.free_port()
    configuration = directory / "nginx.conf"
    configuration.write_text(_NGINX.format(upstream=setting.upstream.url.removeprefix("http://"), port=port))
    told = subprocess.run([executable, "-v"], capture_output=True, text=True, check=True)
    command = [executable, "-p", str(directory), "-e", "stderr", "-c", str(configuration)]
    with programs.program(command, port, directory=directory) as running:
        yield Running(running.url, told.stderr.rpartition("/")[2].strip(), (running,))


STRAIGHT = Target("straight", "the provider itself", _straight)
BARE = Target("bare", "bare aiohttp", _bare)
NGINX = Target("nginx", "nginx", _nginx)
