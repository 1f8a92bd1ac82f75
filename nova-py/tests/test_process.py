"""Fork, exit, and death of a process: a plain error or a clean end, never a hang."""

from __future__ import annotations

import subprocess
import textwrap

from bedrock_nova.testing import Emulator

LIMIT = 60


def run(python: str, emulator: Emulator, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter of its own."""
    before = """
        import asyncio, os, sys, threading
        from bedrock_nova import *
        service = Bedrock(region="us-east-1", endpoint_url=sys.argv[1], ca_bundle=sys.argv[2],
                          credentials=Credentials(sys.argv[3], sys.argv[4]))
    """
    keys = emulator.credentials
    # Python 3.12 and later warn of a fork beside threads, of which this library has some; that one is refused is the test.
    words = [python, "-W", "ignore:This process:DeprecationWarning"]
    words += ["-c", textwrap.dedent(before) + textwrap.dedent(program)]
    words += [emulator.url, emulator.ca_bundle, keys.access_key, keys.secret_key]
    return subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, check=False)


def test_a_forked_child_is_told_and_does_not_hang(python: str, emulator: Emulator) -> None:
    done = run(
        python,
        emulator,
        """
        async def main():
            talk = await Conversation.connect(service=service)
            pid = os.fork()
            if pid == 0:
                told = 0
                for attempt in (lambda: talk.try_send_audio(bytes(320)), lambda: talk.events()):
                    try:
                        attempt()
                    except Misuse as error:
                        told += error.code == "fork"
                for attempt in (talk.send_text("a"), talk.send_audio(bytes(320)), Conversation.connect(service=service)):
                    try:
                        await attempt
                    except Misuse as error:
                        told += error.code == "fork"
                os._exit(told)
            _, status = os.waitpid(pid, 0)
            print("told", os.waitstatus_to_exitcode(status))
            await talk.send_text("Hello")
            await talk.close()
        asyncio.run(main())
        """,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "told 5", "")


def test_a_child_forked_before_the_first_call_has_calls(python: str, emulator: Emulator) -> None:
    done = run(
        python,
        emulator,
        """
        async def main():
            async with Conversation(service=service) as talk:
                await anext(talk)
        pid = os.fork()
        asyncio.run(main())
        if pid == 0:
            os._exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "7", "")


def test_the_import_starts_no_thread(python: str, emulator: Emulator) -> None:
    done = run(python, emulator, "print(len(os.listdir('/proc/self/task')))")
    assert done.stdout.strip() == "1"


def test_an_interpreter_that_exits_in_the_middle_of_calls_is_clean(python: str, emulator: Emulator) -> None:
    done = run(
        python,
        emulator,
        """
        kept = []
        async def main():
            for _ in range(5):
                talk = await Conversation.connect(service=service)
                await talk.send_text("What can you do?")
                await anext(talk)
                kept.append(talk)
        asyncio.run(main())
        """,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_sys_exit_while_a_task_waits_is_clean(python: str, emulator: Emulator) -> None:
    done = run(
        python,
        emulator,
        """
        async def main():
            talk = await Conversation.connect(service=service)
            waiting = [asyncio.create_task(talk.closed()), asyncio.create_task(talk.send_audio(bytes(10_000_000)))]
            await anext(talk)
            sys.exit(3)
        asyncio.run(main())
        """,
    )
    assert (done.returncode, done.stderr) == (3, "")


def test_a_call_that_nobody_holds_is_hung_up(python: str, emulator: Emulator) -> None:
    done = run(
        python,
        emulator,
        """
        import gc
        async def main():
            for _ in range(20):
                talk = await Conversation.connect(service=service)
                await anext(talk)
                del talk
            gc.collect()
            from bedrock_nova._hub import Hub
            print(len(Hub.here()._standing), len(Hub.here()._waiters))
        asyncio.run(main())
        """,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "1 0", "")
