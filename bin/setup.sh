# Sourced by ./demo and ./test. Needs: $root. Gives: locked, which runs a program in the locked environment,
# creating or updating .venv first. Needs Python with pip, or uv; nothing is installed outside this folder but uv's cache.

if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then
  uv=uv
else
  uv=$root/build/uv/bin/uv
  if ! [ -x "$uv" ]; then
    echo "setting up: uv is not installed, so pip puts it into build/uv" >&2
    python3 -m pip install --quiet --disable-pip-version-check --target "$root/build/uv" 'uv>=0.8' >&2
  fi
fi

# A company's own root certificate stands in the system's store, which uv does not read by itself.
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
  export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
fi

locked() {
  VIRTUAL_ENV='' "$uv" run --quiet --locked --project "$root" "$@"
}
