"""Put on PYTHONPATH by tests: every Python process that starts then refuses and records any address but loopback."""

import ipaddress
import os
import socket

_connect, _connect_ex, _lookup = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo


def _allowed(host):
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False


def _refuse(host):
    with open(os.environ["GHOSTNOTES_NETWORK_LOG"], "a") as log:
        log.write(f"{host}\n")
    raise OSError(f"no network in tests: {host}")


def _guard(original):
    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _allowed(address[0]):
            _refuse(address[0])
        return original(self, address)

    return connect


def _guarded_lookup(host, *arguments, **options):
    if not _allowed(host):
        _refuse(host)
    return _lookup(host, *arguments, **options)


socket.socket.connect, socket.socket.connect_ex = _guard(_connect), _guard(_connect_ex)
socket.getaddrinfo = _guarded_lookup
