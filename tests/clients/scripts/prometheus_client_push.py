"""Pushes one gauge with prometheus_client: METHOD ADDRESS JOB INSTANCE METRIC VALUE."""
import sys

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    delete_from_gateway,
    push_to_gateway,
    pushadd_to_gateway,
)

method, address, job, instance, metric, value = sys.argv[1:]
registry = CollectorRegistry()
Gauge(metric, "Pushed by a test.", registry=registry).set(float(value))
grouping_key = {"instance": instance}
if method == "PUT":
    push_to_gateway(address, job, registry, grouping_key)
elif method == "POST":
    pushadd_to_gateway(address, job, registry, grouping_key)
else:
    delete_from_gateway(address, job, grouping_key)
