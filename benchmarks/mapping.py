"""What mapping to Vertex AI and Bedrock costs, beside the direct route of the same candela.

    uv run python benchmarks/mapping.py [--rounds N]

All routes go to one canned provider, in turn, round by round in one run. The figure to look at is the added time to the
first byte, that of the provider itself taken away, as a ratio to the direct route's.

The routes take turns in another order each round: what one has still to store is work beside the next.
"""

import argparse
import json
import random
import statistics
import tempfile
from pathlib import Path

import uvloop
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from load import Measured, Shape, drive, quantile
from programs import candela, server

_HERE = Path(__file__).parent
_ROUTES = ("anthropic-direct", "anthropic-vertex", "anthropic-bedrock")

SHAPES = (
    Shape("one at a time, 90 KB", requests=60, connections=1, events=20, pace_ms=1),
    Shape("8 at once, 90 KB", requests=96, connections=8, events=20, pace_ms=1),
    # Its first bytes hold some fifty events, more than any model sends: all are translated before one is sent.
    Shape("one at a time, 90 KB, answered in a burst", requests=60, connections=1),
    Shape("4 at once, 1 MB", requests=16, connections=4, body_kb=1024, events=20, pace_ms=1),
    Shape("40 streams paced at 20 ms", requests=40, connections=40, events=150, pace_ms=20),
)


def _service_account(directory: Path, upstream: str) -> Path:
    """Write a Google credentials file whose tokens come from the canned provider."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "project_id": "benchmark",
        "client_email": "benchmark@benchmark.iam.gserviceaccount.com",
        "private_key": key.decode(),
        "token_uri": f"{upstream}/token",
    }
    path = directory / "account.json"
    path.write_text(json.dumps(account))
    return path


def _environment(directory: Path, upstream: str) -> dict[str, str]:
    return {
        "CANDELA_VERTEX__BASE_URL": upstream,
        "CANDELA_VERTEX__PROJECT": "benchmark",
        "CANDELA_AWS__BASE_URL": upstream,
        "CANDELA_AWS__REGION": "us-east-1",
        "GOOGLE_APPLICATION_CREDENTIALS": str(_service_account(directory, upstream)),
        "AWS_ACCESS_KEY_ID": "AKIABENCHMARK0000000",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _report(shape: Shape, seen: dict[str, list[Measured]]) -> None:
    print(f"\n{shape.name} ({shape.events} events)")
    print(f"  {'':20}{'TTFB p50':>10}{'added':>9}{'to direct':>11}{'delay p50':>11}{'p99':>9}{'p99.9':>9}  ms")
    added: dict[str, list[float]] = {}
    for name, rounds in seen.items():
        base = [quantile(each.first_byte, 0.5) for each in seen["provider"]]
        added[name] = [quantile(each.first_byte, 0.5) - own for each, own in zip(rounds, base, strict=True)]
        first = statistics.median(quantile(each.first_byte, 0.5) for each in rounds)
        ratio = ""
        if name != "provider":
            pairs = zip(added[name], added["anthropic-direct"], strict=True)
            ratio = f"{statistics.median(one / direct for one, direct in pairs):.2f}x"
        delays = [delay for each in rounds for delay in each.delay]
        shown = "".join(f"{quantile(delays, share):{width}.2f}" for share, width in ((0.5, 11), (0.99, 9), (0.999, 9)))
        print(f"  {name:20}{first:10.2f}{statistics.median(added[name]):9.2f}{ratio:>11}{shown}", flush=True)


async def _drive_all(upstream: str, program: str, rounds: int) -> None:
    targets = {"provider": upstream} | {route: f"{program}/proxy/{route}" for route in _ROUTES}
    for url in targets.values():
        await drive(url, Shape("warm-up", 3, 1))
    for shape in SHAPES:
        seen: dict[str, list[Measured]] = {name: [] for name in targets}
        for _ in range(rounds):
            for name, url in random.sample(list(targets.items()), len(targets)):
                seen[name].append(await drive(url, shape))
        _report(shape, seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="candela-benchmark-") as directory,
        server(str(_HERE / "upstream.py")) as upstream,
        candela(
            upstream, Path(directory), dashboard=False, environment=_environment(Path(directory), upstream)
        ) as program,
    ):
        uvloop.run(_drive_all(upstream, program.url, options.rounds))


if __name__ == "__main__":
    main()
