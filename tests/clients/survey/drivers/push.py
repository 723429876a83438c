"""Pushes once with a library: LIBRARY METHOD URL BODY FILE [follow].

BODY says how the content of FILE is given to the library: text, bytes, file or stream. Prints the
status or the error that its caller sees.
"""
import asyncio
import io
import sys
import urllib.parse

library, method, url, kind, path = sys.argv[1:6]
follow = len(sys.argv) > 6


def chunks():
    with open(path, "rb") as file:
        yield file.read()


async def chunks_later():
    for chunk in chunks():
        yield chunk


def body(stream=chunks):
    if kind == "stream":
        return stream()
    file = open(path, "rb")
    if kind == "file":
        return file
    return file.read() if kind == "bytes" else file.read().decode()


def with_requests():
    import requests

    return requests.request(method, url, data=body()).status_code


def with_urllib():
    import urllib.request

    request = urllib.request.Request(url, body(), method=method)
    with urllib.request.urlopen(request) as response:
        return response.status


def with_http_client():
    import http.client

    target = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(target.netloc)
    connection.request(method, target.path, body())
    return connection.getresponse().status


def with_urllib3():
    import urllib3

    return urllib3.PoolManager().request(method, url, body=body()).status


def with_httpx():
    import httpx

    with httpx.Client(follow_redirects=follow) as client:
        return client.request(method, url, content=body()).status_code


def with_httplib2():
    import httplib2

    client = httplib2.Http()
    client.follow_all_redirects = follow
    return client.request(url, method, body=body())[0].status


def with_aiohttp():
    import aiohttp

    async def push():
        async with aiohttp.ClientSession() as session:
            async with session.request(method, url, data=body(chunks_later)) as response:
                return response.status

    return asyncio.run(push())


def with_tornado(curl=False):
    from tornado.httpclient import AsyncHTTPClient

    if curl:
        AsyncHTTPClient.configure("tornado.curl_httpclient.CurlAsyncHTTPClient")

    async def producer(write):
        for chunk in chunks():
            await write(chunk)

    async def push():
        given = {"body_producer": producer} if kind == "stream" else {"body": body()}
        return (await AsyncHTTPClient().fetch(url, method=method, **given)).code

    return asyncio.run(push())


def with_treq():
    import treq
    from twisted.internet import task

    seen = []

    async def main(_reactor):
        try:
            seen.append((await treq.request(method, url, data=body())).code)
        except Exception as error:
            seen.append(error)

    try:
        task.react(lambda reactor: task.ensureDeferred(main(reactor)))
    except SystemExit:
        pass  # the reactor's own way to end
    if isinstance(seen[0], Exception):
        raise seen[0]
    return seen[0]


def with_pycurl():
    import pycurl

    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.WRITEDATA, io.BytesIO())
    curl.setopt(pycurl.FOLLOWLOCATION, follow)
    if kind == "file":
        curl.setopt(pycurl.UPLOAD, True)
        curl.setopt(pycurl.READDATA, body())
        curl.setopt(pycurl.INFILESIZE, len(open(path, "rb").read()))
    else:
        curl.setopt(pycurl.POSTFIELDS, body())
    curl.setopt(pycurl.CUSTOMREQUEST, method)
    curl.perform()
    return curl.getinfo(pycurl.RESPONSE_CODE)


def with_prometheus_client():
    from prometheus_client import CollectorRegistry, Gauge, push_to_gateway, pushadd_to_gateway

    registry = CollectorRegistry()
    Gauge("pushed", "Pushed by a test.", registry=registry).set(1)
    push = push_to_gateway if method == "PUT" else pushadd_to_gateway
    push(urllib.parse.urlsplit(url).netloc, "survey", registry)
    return "none"


LIBRARIES = {
    "requests": with_requests,
    "urllib": with_urllib,
    "http.client": with_http_client,
    "urllib3": with_urllib3,
    "httpx": with_httpx,
    "httplib2": with_httplib2,
    "aiohttp": with_aiohttp,
    "tornado": with_tornado,
    "tornado-curl": lambda: with_tornado(curl=True),
    "treq": with_treq,
    "pycurl": with_pycurl,
    "prometheus_client": with_prometheus_client,
}

try:
    print("status", LIBRARIES[library]())
except Exception as error:
    print(f"error {type(error).__name__}:", " ".join(str(error).split()))
