"""Explain how a process ended."""
import signal

# Exit codes from here on mean a signal. This is the shell's convention, and the commands follow it too.
FIRST_OF_SIGNALS = 128
OUT_OF_MEMORY = "often by the system, when it runs out of memory"
# What happens to a library that doesn't check whether it got memory, under a limit such as `ulimit -v`.
_CRASHED = "a library crashed, often because it ran out of memory"
_REASONS = {"KILL": OUT_OF_MEMORY, "ABRT": _CRASHED, "SEGV": _CRASHED, "BUS": _CRASHED}


def explain_exit(code: int) -> str:
    """Explain in plain words how a process ended.

    code (int): The `returncode` of a `subprocess.Popen`, or the `exitcode` of a `multiprocessing.Process`.
    RETURNS (str): Such as `exit code 2`, or `killed by signal 15 (TERM)`, followed by the usual cause if there is one.
    """
    number = -code if code < 0 else code - FIRST_OF_SIGNALS
    try:
        name = signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        return f"exit code {code}"
    reason = f": {_REASONS[name]}" if name in _REASONS else ""
    told = f"killed by signal {number} ({name})" if code < 0 else f"exit code {code}, after signal {number} ({name})"
    return told + reason
