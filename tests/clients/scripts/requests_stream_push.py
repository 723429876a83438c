"""Sends a request with requests, and the body from a generator: METHOD URL [BODY]."""
import sys

import requests

method, url, *body = sys.argv[1:]
data = (part.encode() for part in body) if body else None
print(requests.request(method, url, data=data).status_code)
