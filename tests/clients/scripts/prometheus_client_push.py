"""Pushes one gauge with prometheus_client: METHOD ADDRESS JOB INSTANCE METRIC VALUE [USER PASSWORD].

With a user it pushes over TLS.
"""
import sys

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    delete_from_gateway,
    push_to_gateway,
    pushadd_to_gateway,
)
from prometheus_client.exposition import basic_auth_handler, default_handler

method, address, job, instance, metric, value, *user = sys.argv[1:]


def with_user(url, method, timeout, headers, data):
    return basic_auth_handler(url, method, timeout, headers, data, *user)


handler = with_user if user else default_handler
if user:
    address = "https://" + address
registry = CollectorRegistry()
Gauge(metric, "Pushed by a test.", registry=registry).set(float(value))
grouping_key = {"instance": instance}
if method == "PUT":
    push_to_gateway(address, job, registry, grouping_key, handler=handler)
elif method == "POST":
    pushadd_to_gateway(address, job, registry, grouping_key, handler=handler)
else:
    delete_from_gateway(address, job, grouping_key, handler=handler)
