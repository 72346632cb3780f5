"""`vigie up`."""

from __future__ import annotations


def up() -> None:
    """All of it on this machine: embedded broker, workers, store, SQL endpoint. Ctrl-C stops."""
    import signal
    import threading

    from pipeline.cli.console import WRONG_USE, fail, log_to_stderr, say
    from pipeline.cli.settings import load_settings
    from pipeline.detect.parameters import read_parameters
    from pipeline.stack import Stack, StackError

    settings = load_settings("up")
    try:
        read_parameters(settings.detect)
    except ValueError as error:
        fail("up", error, WRONG_USE)
    log_to_stderr(settings.log_level)
    stack = Stack(settings)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    try:
        stack.start()
        if (
            settings.kafka.port
            and not settings.kafka.bootstrap
            and not stack.bootstrap.endswith(f":{settings.kafka.port}")
        ):
            say(f"port {settings.kafka.port} is taken; the broker listens on {stack.bootstrap}")
        if settings.store.port and stack.store_port != settings.store.port:
            say(f"port {settings.store.port} is taken; the store listens on {stack.store_port}")
        print(f"kafka  {stack.bootstrap}")
        print(
            f"sql    http://127.0.0.1:{stack.store_port}  (ClickHouse HTTP, read-only, user {settings.store.user})"
        )
        for name, address in sorted(stack.addresses().items()):
            print(f"health http://{address}/health  ({name}; /metrics for Prometheus)")
        print(f"data   {settings.data_dir}", flush=True)
        say("ready; Ctrl-C stops")
        while not stopping.wait(0.5):
            if stack.renewal is not None:
                stack.renewal.tick()
            for line in stack.mend():
                say(line)
    except StackError as error:
        if not stopping.is_set():
            fail("up", error)
    finally:
        stack.stop()
    say("stopped")
