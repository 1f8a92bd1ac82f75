"""A binding against the Rust library, and its language's official SDK beside them: one peer, one machine, one run.

    core 0: one client after the other                      core 1: `calls --peer`, the same for all
    Rust (`calls --join`)      ──┐
    ours.py, or ours.mjs       ──┼─ TLS, HTTP/2, loopback ─► a sink that reads the stamps and sends its own
    sdk.py, or sdk.mjs         ──┘

`cargo xtask bench-python` and `cargo xtask bench-node` build what is measured and run this. What it says of a figure is in
`benches/README.md`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import languages
import route
from languages import Client
from processes import Process, Report, Unmeasured, core_busy

RUST = "Rust"
"""The library in a runtime of as many threads as a binding's: what a binding is held against."""
RUST_ALONE = "Rust, 1 thread"
"""The same on the main thread alone, as `calls` has it: the least that it can cost, and no binding can be built so."""
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}

SETTLING = 2.0
"""Seconds until the first moments of all calls are over."""
OPENING = 60.0
PEER_FULL = 0.85
"""Share of its core from which on the peer is what is measured."""
CHUNK_US = 2.0
LIVE_TIMES = 1.8
DELAY_MS = 5.0
ROUTE_MS = 10.0
CALL_KIB = 100.0
QUEUED = 0.2
"""Share of the time that the voice backend may wait for a core before its answers are those of the others."""
BUSY = 0.05
"""Share of a core that other programs may have."""


@dataclass(frozen=True)
class Phase:
    """What clients do."""

    title: str
    speech: str
    calls: int
    peer: str
    clients: tuple[Client, ...]


@dataclass(frozen=True)
class Row:
    """What came out of one client in one phase, once."""

    seconds: float
    cpu: float
    peer: float
    others: float
    up: int
    lost: int
    down: Report
    opening_ms: float
    call_mib: float

    @property
    def share(self) -> float:
        """CPU, of one core."""
        return self.cpu / self.seconds

    @property
    def chunk_us(self) -> float:
        """CPU of a chunk that came to the peer, if nothing else was done."""
        return self.cpu / max(1, self.up) * 1e6

    @property
    def rate(self) -> float:
        """Chunks a second."""
        return self.up / self.seconds

    @property
    def is_the_peers(self) -> bool:
        """Whether the peer had so much to do that the figures are its own."""
        return self.peer / self.seconds > PEER_FULL


class Bench:
    """A peer, and clients one after the other."""

    def __init__(self, calls: Path, seconds: float) -> None:
        self._peer = Process([calls, "--peer"])
        self._seconds = seconds

    def __enter__(self) -> Bench:
        self._url, self._ca = self._peer.line(20).split(" ", 1)
        return self

    def __exit__(self, *error: object) -> None:
        self._peer.__exit__(None, None, None)

    def address(self, peer: str) -> tuple[str, str]:
        """Return where the peer is and its authority, once it serves new streams in that manner."""
        self._peer.ask(peer)
        return self._url, self._ca

    def measure(self, client: Client, phase: Phase) -> Row:
        """Let a client do what a phase says."""
        url, ca = self.address(phase.peer)
        words = ["--join", url, ca, "--calls", str(phase.calls), "--speech", phase.speech]
        with Process([*client.command, *words], KEYS | {"SSL_CERT_FILE": ca, "NODE_EXTRA_CA_CERTS": ca}) as process:
            expect(process, "began", OPENING)
            alone = process.memory()
            opening = float(expect(process, "open", OPENING))
            time.sleep(SETTLING)
            together = process.memory()
            before, there = process.take(), self._peer.take()
            busy = core_busy(0), core_busy(1)
            time.sleep(self._seconds)
            after, then = process.take(), self._peer.take()
            others = core_busy(0) - busy[0] + core_busy(1) - busy[1]
        # The streams that broke off are cleared away.
        time.sleep(0.5)
        seconds, cpu, peer = after.when - before.when, after.cpu - before.cpu, then.cpu - there.cpu
        more = max(1, phase.calls - 1)
        return Row(
            seconds=seconds,
            cpu=cpu,
            peer=peer,
            others=max(0.0, others - cpu - peer) / 2 / seconds,
            up=then.late.count,
            lost=then.missing,
            down=after,
            opening_ms=opening / more * 1e3,
            call_mib=(together - alone) / more,
        )


def expect(process: Process, word: str, within: float) -> str:
    """Return what follows a word."""
    line = process.line(within)
    if not line.startswith(word):
        raise Unmeasured(f"a client says {line!r} where {word!r} was expected")
    return line[len(word) :].strip()


def figure(rows: Sequence[Row], of: Callable[[Row], float], digits: int = 1) -> str:
    """Write the median of all repetitions, and how far they are apart."""
    values = [of(row) for row in rows]
    low, high = (f"{value:.{digits}f}" for value in (min(values), max(values)))
    middle = f"{statistics.median(values):.{digits}f}"
    return middle if len(values) == 1 else f"{middle} [{low}, {high}]"


def median(rows: Sequence[Row], of: Callable[[Row], float]) -> float:
    """Return the median of all repetitions."""
    return statistics.median(of(row) for row in rows)


COLUMNS: tuple[tuple[str, Callable[[Row], float], int], ...] = (
    ("chunks/s up", lambda row: row.rate, 0),
    ("cpu %", lambda row: row.share * 100, 1),
    ("cpu us/chunk", lambda row: row.chunk_us, 1),
    ("peer %", lambda row: row.peer / row.seconds * 100, 0),
    ("others %", lambda row: row.others * 100, 0),
    ("down p50 ms", lambda row: row.down.way.quantile(0.5), 2),
    ("down p99 ms", lambda row: row.down.way.quantile(0.99), 2),
    ("lost up", lambda row: row.lost, 0),
    ("open ms", lambda row: row.opening_ms, 2),
    ("MiB/call", lambda row: row.call_mib, 3),
)


def show(phase: Phase, table: Table) -> None:
    """Print a phase: a line for each client, and its ratios to Rust unless the peer was full."""
    print(f"\n{phase.title}\n")
    heads = ["client", "x Rust", "x 1 thread", *(head for head, _, _ in COLUMNS)]
    lines = [heads]
    for name, rows in table.items():
        cells = [figure(rows, of, digits) for _, of, digits in COLUMNS]
        lines.append([name, *(ratio(table, name, each) for each in (RUST, RUST_ALONE)), *cells])
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def pairs(table: Table, name: str, baseline: str, of: Callable[[Row], float]) -> list[tuple[float, float]]:
    """Return what both came to, repetition by repetition: what disturbs one of them for long disturbs the other too."""
    return [(of(ours), of(theirs)) for ours, theirs in zip(table[name], table.get(baseline, ()), strict=False)]


def times(table: Table, name: str, baseline: str, of: Callable[[Row], float]) -> float:
    """Return how many times the baseline it is."""
    return statistics.median(ours / theirs for ours, theirs in pairs(table, name, baseline, of))


def more(table: Table, name: str, baseline: str, of: Callable[[Row], float]) -> float:
    """Return how much more than the baseline it is."""
    return statistics.median(ours - theirs for ours, theirs in pairs(table, name, baseline, of))


def ratio(table: Table, name: str, baseline: str) -> str:
    """Write how many times the baseline's CPU for a chunk it is, unless the peer was full."""
    if baseline not in table:
        return "-"
    if any(row.is_the_peers for row in (*table[name], *table[baseline])):
        return "peer full"
    return f"{times(table, name, baseline, chunk_us):.2f}"


def phases(words: argparse.Namespace) -> dict[str, Phase]:
    """Return what is to be done, in order."""
    calls_bin = str(words.calls_bin)
    rust = (Client(RUST_ALONE, (calls_bin,)), Client(RUST, (calls_bin, "--workers", "2")))
    ours, sdk = words.language.clients(words)
    filled = sdk if words.language.sdk_can_be_filled else ()
    kib = "1 KiB chunks, nothing comes down"
    both = "50 chunks of 20 ms up and 50 pieces down a second each, try_send_audio"
    calls, many, few = words.calls, words.many, words.few
    return {
        "flood": Phase(
            f"flood: {calls} calls, {kib}; try_send_audio 200 times a second each",
            "flood",
            calls,
            "mute",
            (*rust, *ours),
        ),
        "file": Phase(
            f"file: {many} calls, {kib}; send_audio without end, which waits for room (real time)",
            "file",
            many,
            "mute",
            (*rust, *ours),
        ),
        "sdk": Phase(f"official SDK: {few} calls, {kib}; as fast as it sends", "file", few, "mute", filled),
        "idle": Phase(f"idle: {calls} calls in which nobody says anything", "silent", calls, "mute", (*rust, *ours)),
        "live": Phase(f"live: {calls} calls, {both}", "live", calls, "speak", (*rust, *ours)),
        "few": Phase(f"few: {few} calls, {both}", "live", few, "speak", (*rust, *ours, *sdk)),
    }


Table = dict[str, list[Row]]


def chunk_us(row: Row) -> float:
    """Return the CPU of a chunk."""
    return row.chunk_us


def chunk_verdict(table: Table, name: str) -> tuple[bool, str]:
    """A chunk costs little more from the binding."""
    added = more(table, name, RUST, chunk_us)
    sentence = (
        f"{name}: a chunk costs {median(table[name], chunk_us):.1f} us, {added:+.1f} against Rust (limit +{CHUNK_US})"
    )
    return added <= CHUNK_US, f"{sentence}; {more(table, name, RUST_ALONE, chunk_us):+.1f} against Rust on one thread"


def live_verdict(table: Table, name: str) -> tuple[bool, str]:
    """A hundred live calls cost not much more from the binding."""
    factor = times(table, name, RUST, chunk_us)
    sentence = f"{name}: {median(table[name], lambda row: row.share):.1%} of a core, {factor:.2f} times Rust's (limit {LIVE_TIMES})"
    return (
        factor <= LIVE_TIMES,
        f"{sentence}; {times(table, name, RUST_ALONE, chunk_us):.2f} times Rust's on one thread",
    )


def delay_verdict(table: Table, name: str) -> tuple[bool, str]:
    """Events come at once."""
    p99 = median(table[name], lambda row: row.down.way.quantile(0.99))
    return p99 < DELAY_MS, f"{name}: p99 of an event from the peer to its handler {p99:.2f} ms (limit {DELAY_MS})"


def memory_verdict(table: Table, name: str) -> tuple[bool, str]:
    """An open call takes little memory."""
    kib = median(table[name], lambda row: row.call_mib) * 1024
    rust = median(table[RUST], lambda row: row.call_mib) * 1024
    return kib < CALL_KIB, f"{name}: an open call takes {kib:.0f} KiB (limit {CALL_KIB:.0f}); Rust's {rust:.0f}"


def verdicts(tables: dict[str, Table]) -> list[tuple[bool, str]]:
    """Hold what was measured against its limits; of what the peer could not keep up with, nothing is said."""
    wanted = (("flood", chunk_verdict), ("idle", memory_verdict), ("live", live_verdict), ("live", delay_verdict))
    found: list[tuple[bool, str]] = []
    for phase, verdict in wanted:
        table = tables.get(phase, {})
        if any(row.is_the_peers for rows in table.values() for row in rows):
            continue
        found.extend(verdict(table, name) for name in table if name not in (RUST, RUST_ALONE))
    return found


def measure_route(words: argparse.Namespace, bench: Bench) -> list[tuple[bool, str]]:
    """Measure the voice backend, and print it."""
    backend = words.language.backend(words)
    print(f"\nroute: {words.calls} calls, POST /audio/chunk of 100 ms 10 times a second each, {backend.what}\n")
    seen = [
        route.measure(backend, *bench.address("speak"), words.calls, words.seconds) for _ in range(words.repetitions)
    ]
    print("sent  refused  cpu %  waited %  p50 ms  p99 ms  longest ms")
    for each in seen:
        print(f"{each.sent}  {each.refused}  {each.cpu:.0%}  {each.waited:.0%}  {each.p50}  {each.p99}  {each.longest}")
    if statistics.median(each.waited for each in seen) > QUEUED:
        print("NOTE  The server stood in the queue for a core that other programs had: no verdict.")
        return []
    p99 = statistics.median(each.p99 for each in seen)
    refused = sum(each.refused for each in seen)
    return [
        (p99 < ROUTE_MS and not refused, f"route: p99 {p99:.2f} ms (limit {ROUTE_MS}), {refused} refused (limit 0)")
    ]


def main() -> int:
    """Measure everything and print it; return 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls-bin", type=Path, required=True, help="the program `calls`")
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--many", type=int, default=400, help="calls that read a file out")
    parser.add_argument("--few", type=int, default=20, help="calls, where the official SDK has to keep up")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--only", action="append", choices=("flood", "file", "sdk", "idle", "live", "few", "route"))
    languages_of = parser.add_subparsers(required=True, metavar="LANGUAGE")
    for name, language in languages.ALL.items():
        one = languages_of.add_parser(name)
        language.read(one)
        one.set_defaults(language=language)
    words = parser.parse_args()
    tables: dict[str, Table] = {}
    with Bench(words.calls_bin, words.seconds) as bench:
        for name, phase in phases(words).items():
            if not phase.clients or name not in (words.only or [name]):
                continue
            table: Table = {client.name: [] for client in phase.clients}
            for _ in range(words.repetitions):
                for client in phase.clients:
                    table[client.name].append(bench.measure(client, phase))
            show(phase, table)
            tables[name] = table
        found = verdicts(tables)
        if "route" in (words.only or ["route"]):
            found += measure_route(words, bench)
    print()
    for holds, sentence in found:
        print(f"{'PASS' if holds else 'FAIL'}  {sentence}")
    if any(row.others > BUSY for table in tables.values() for rows in table.values() for row in rows):
        print(
            "NOTE  Other programs had the cores (others %): measure on an idle machine, or as root with `chrt -r 10` in front."
        )
    return 0 if all(holds for holds, _ in found) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Unmeasured as failure:
        print(f"bench: {failure}", file=sys.stderr)
        sys.exit(2)
