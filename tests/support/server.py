"""Runs moto's server on a port of the operating system's choice, and prints the port.

It ends when its stdin does, so that it never outlives the test that started it, however that ends.
"""

import logging
import os
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


logging.getLogger("werkzeug").setLevel(logging.ERROR)
application = DomainDispatcherApplication(create_backend_app)
one_at_a_time = threading.Lock()


def with_atomic_conditions(environment, start_response):
    """S3 decides a condition and writes in one step; moto does it in two, and its threads get in between."""
    if "HTTP_IF_MATCH" in environment or "HTTP_IF_NONE_MATCH" in environment:
        with one_at_a_time:
            return application(environment, start_response)
    return application(environment, start_response)


server = make_server("127.0.0.1", 0, with_atomic_conditions, threaded=True)
os.environ["MOTO_PORT"] = str(server.server_port)
threading.Thread(target=end_with_parent, daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
