"""``python -m webplatform.local.memory_broker PORT``: a stand-in for Redis."""

import sys

from fakeredis import TcpFakeServer

if __name__ == "__main__":
    TcpFakeServer(("127.0.0.1", int(sys.argv[1])), server_type="redis").serve_forever()
