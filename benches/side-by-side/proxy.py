#!/usr/bin/env python3
"""A counting, delaying reverse proxy between an AWS client and an emulator of AWS.

    proxy.py PORT UPSTREAM LATENCY_MS

It forwards every request unchanged, `Host` included, so that signatures and bucket addresses still hold. Each request
is held for the latency before it is forwarded, on its own, so that requests at the same time wait together, as on a
network. No more than UPSTREAM_LIMIT are inside the emulator at once: a threaded Python program gets slower with more.

    GET  /__reset   zeroes the counters
    GET  /__stats   what was counted since, as JSON

Requests are counted as `iam:GetUser` (the Action of a query service), `s3:GET bucket?versioning`, `s3:HEAD bucket`,
`s3:PUT object` or `s3:GET service`.
"""
import asyncio
import re
import signal
import sys
import time
from collections import Counter
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from chain import longest_chain

UPSTREAM_LIMIT = 4
HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization",
    "te", "trailer", "trailers", "transfer-encoding", "upgrade",
}
# The parameters that make an operation of their own of a request to S3.
S3_SUBRESOURCES = {
    "abac", "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption", "intelligent-tiering",
    "inventory", "legal-hold", "lifecycle", "list-type", "location", "logging", "metadataTable", "metrics",
    "notification", "object-lock", "ownershipControls", "partNumber", "policy", "policyStatus", "publicAccessBlock",
    "replication", "requestPayment", "restore", "retention", "select", "session", "tagging", "torrent", "uploadId",
    "uploads", "versioning", "versions", "website",
}
SIGNED_FOR = re.compile(r"Credential=[^/,\s]+/\d{8}/[^/]*/([^/]+)/aws4_request")


def operation(method, raw_path, headers, body):
    """What a request is counted as."""
    signed = SIGNED_FOR.search(headers.get("Authorization", ""))
    service = signed.group(1) if signed else "unsigned"
    path, _, query = raw_path.partition("?")
    if service != "s3":
        fields = dict(parse_qsl(body.decode("utf-8", "replace")) + parse_qsl(query))
        return f"{service}:{fields.get('Action', f'{method} {path}')}"
    key = path.strip("/")
    where = "service" if not key else "object" if "/" in key else "bucket"
    parts = sorted({name for name, _ in parse_qsl(query, keep_blank_values=True) if name in S3_SUBRESOURCES})
    return f"s3:{method} {where}" + ("?" + "&".join(parts) if parts else "")


class Counts:
    def __init__(self):
        self.in_flight = 0
        self.reset()

    def reset(self):
        self.requests = []
        self.refused = Counter()
        self.most_at_once = self.in_flight
        self.busy_s = 0.0
        self.busy_since = time.perf_counter() if self.in_flight else None
        self.emulator_s = 0.0

    def begin(self, now):
        if self.in_flight == 0:
            self.busy_since = now
        self.in_flight += 1
        self.most_at_once = max(self.most_at_once, self.in_flight)

    def end(self, start, now, name, status):
        self.in_flight -= 1
        if self.in_flight == 0:
            self.busy_s += now - self.busy_since
        self.requests.append((start, now, name))
        if not 200 <= status < 300:
            self.refused[f"{name}: {status}"] += 1

    def as_json(self):
        total = len(self.requests)
        return {
            "total": total,
            "by_operation": dict(sorted(Counter(name for _, _, name in self.requests).items())),
            "not_2xx": dict(sorted(self.refused.items())),
            "most_at_once": self.most_at_once,
            "busy_s": round(self.busy_s, 4),
            "emulator_ms_each": round(1000 * self.emulator_s / total, 2) if total else 0.0,
            "longest_chain": longest_chain(self.requests),
        }


class Proxy:
    def __init__(self, upstream, latency_ms):
        self.upstream, self.latency_s = upstream.rstrip("/"), latency_ms / 1000
        self.counts = Counts()
        self.slots = asyncio.Semaphore(UPSTREAM_LIMIT)
        self.client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), auto_decompress=False, timeout=aiohttp.ClientTimeout(total=300),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )

    async def handle(self, request):
        if request.raw_path == "/__stats":
            return web.json_response(self.counts.as_json())
        if request.raw_path == "/__reset":
            self.counts.reset()
            return web.json_response({})
        start = time.perf_counter()
        self.counts.begin(start)
        name, status = "?", 599
        try:
            body = await request.read()
            name = operation(request.method, request.raw_path, request.headers, body)
            if self.latency_s:
                await asyncio.sleep(self.latency_s)
            answer = await self.forward(request, body)
            status = answer.status
            return answer
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            status = 502
            print(f"the emulator failed at {name}: {error!r}", file=sys.stderr, flush=True)
            return web.Response(status=status, text=f"the emulator failed: {error!r}")
        finally:
            self.counts.end(start, time.perf_counter(), name, status)

    async def forward(self, request, body):
        passed_on = lambda headers, dropped: CIMultiDict((k, v) for k, v in headers.items() if k.lower() not in dropped)
        headers = passed_on(request.headers, HOP_BY_HOP | {"expect"})
        url = URL(self.upstream + request.raw_path, encoded=True)
        async with self.slots:
            start = time.perf_counter()
            try:
                async with self.client.request(
                    request.method, url, headers=headers, data=body or None, allow_redirects=False,
                ) as answer:
                    payload = await answer.read()
                    # A HEAD's length is that of what it leaves out.
                    dropped = HOP_BY_HOP if request.method == "HEAD" else HOP_BY_HOP | {"content-length"}
                    return web.Response(
                        status=answer.status, headers=passed_on(answer.headers, dropped), body=payload or None)
            finally:
                self.counts.emulator_s += time.perf_counter() - start


async def serve(port, upstream, latency_ms):
    proxy = Proxy(upstream, latency_ms)
    runner = web.ServerRunner(web.Server(proxy.handle, keepalive_timeout=75, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await proxy.client.close()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
