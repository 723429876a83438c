"""Sends a request with requests: METHOD URL USER PASSWORD [BODY]."""
import sys

import requests

method, url, user, password, *body = sys.argv[1:]
data = body[0] if body else None
requests.request(method, url, auth=(user, password), data=data).raise_for_status()
