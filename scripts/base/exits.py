"""Tell how a process ended."""
import signal

# Exit codes from here on tell of a signal: the shell's convention, which the commands keep to as well.
FIRST_OF_SIGNALS = 128
OUT_OF_MEMORY = "often the system, out of memory"
# What becomes of a library that gets no memory under a limit such as `ulimit -v`, if it does not look.
_CRASHED = "a library crashed, often for want of memory"
_REASONS = {"KILL": OUT_OF_MEMORY, "ABRT": _CRASHED, "SEGV": _CRASHED, "BUS": _CRASHED}


def explain_exit(code: int) -> str:
    """Say how a process ended, in a user's words.

    code (int): The `returncode` of a `subprocess.Popen`, or the `exitcode` of a `multiprocessing.Process`.
    RETURNS (str): Such as `exit code 2`, or `killed by signal 9 (KILL): often the system, out of memory`.
    """
    number = -code if code < 0 else code - FIRST_OF_SIGNALS
    try:
        name = signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        return f"exit code {code}"
    reason = f": {_REASONS[name]}" if name in _REASONS else ""
    told = f"killed by signal {number} ({name})" if code < 0 else f"exit code {code}, after signal {number} ({name})"
    return told + reason
